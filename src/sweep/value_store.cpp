#include "sweep/value_store.h"

#include <algorithm>
#include <utility>

namespace kerf::sweep {

bool Budget::take(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > ram_left_) return false;
  ram_left_ -= bytes;
  return true;
}

void Budget::give_back(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  ram_left_ += bytes;
}

StoredTensor::StoredTensor(Tensor tensor, const std::shared_ptr<Budget>& budget)
    : budget_(budget), dtype_(tensor.dtype()), shape_(tensor.shape()), bytes_(tensor.bytes()) {
  in_ram_ = budget_->take(bytes_);
  if (in_ram_) {
    tensor_ = std::move(tensor);
    return;
  }
  offset_ = budget_->scratch().allocate(bytes_);
  budget_->scratch().write(offset_, {tensor.raw(), tensor.bytes()});
}

StoredTensor::StoredTensor(StoredTensor&& other) noexcept { *this = std::move(other); }

StoredTensor& StoredTensor::operator=(StoredTensor&& other) noexcept {
  if (this == &other) return *this;
  release();
  budget_ = std::exchange(other.budget_, nullptr);
  tensor_ = std::exchange(other.tensor_, Tensor());
  dtype_ = other.dtype_;
  shape_ = std::move(other.shape_);
  bytes_ = other.bytes_;
  offset_ = other.offset_;
  in_ram_ = other.in_ram_;
  return *this;
}

void StoredTensor::release() {
  if (!budget_) return;
  if (in_ram_) {
    budget_->give_back(bytes_);
  } else {
    budget_->scratch().free(offset_, bytes_);
  }
  budget_.reset();
  tensor_ = Tensor();
}

Tensor StoredTensor::load() const {
  if (in_ram_) return tensor_;
  Tensor tensor(dtype_, shape_);
  read(0, {tensor.raw(), tensor.bytes()});
  return tensor;
}

void StoredTensor::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (in_ram_) {
    std::copy_n(tensor_.raw() + offset, into.size(), into.begin());
  } else {
    budget_->scratch().read(offset_ + offset, into);
  }
}

}  // namespace kerf::sweep
