#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "core/scratch.h"
#include "core/tensor.h"

namespace kerf::sweep {

/// Memory for the values that streams keep between blocks: in RAM up to a budget, beyond it in a scratch file. Shared
/// by all streams of a run; thread-safe.
class Budget {
 public:
  /// `scratch_folder`: where the scratch file goes if one is needed.
  Budget(std::uint64_t ram_bytes, std::string scratch_folder)
      : ram_left_(ram_bytes), scratch_(std::move(scratch_folder)) {}
  bool take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes);
  ScratchFile& scratch() { return scratch_; }

 private:
  std::mutex mutex_;
  std::uint64_t ram_left_;
  ScratchFile scratch_;
};

/// One kept tensor, wherever it lives. Movable; gives its place back when destroyed.
class StoredTensor {
 public:
  StoredTensor() = default;
  StoredTensor(Tensor tensor, const std::shared_ptr<Budget>& budget);
  StoredTensor(StoredTensor&& other) noexcept;
  StoredTensor& operator=(StoredTensor&& other) noexcept;
  ~StoredTensor() { release(); }

  Tensor load() const;
  /// Bytes [offset, offset + into.size()) of the values.
  void read(std::uint64_t offset, std::span<std::byte> into) const;
  bool in_ram() const { return in_ram_; }

 private:
  void release();
  std::shared_ptr<Budget> budget_;
  Tensor tensor_;  ///< with a buffer if in RAM, else only dtype and shape live in the fields below
  DType dtype_ = DType::kF32;
  Shape shape_;
  std::uint64_t bytes_ = 0, offset_ = 0;
  bool in_ram_ = false;
};

}  // namespace kerf::sweep
