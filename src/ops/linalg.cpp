#include "ops/linalg.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "core/checked.h"
#include "core/error.h"
#include "core/tensor.h"
#include "core/threads.h"

namespace kerf::ops::linalg {
namespace {

using dnnl::memory;

/// Rows that one call of the library gets. Measured on 2 cores with AVX-512: 64, 128, 256 and 512 rows reach 92, 94, 98
/// and 99 % of its rate at 2048 x 2048 x 2048.
constexpr std::int64_t kRowTile = 256;
/// Rows of a tile where the library's kernel rounds a row differently in tiles of different heights: every tile has
/// this height, the last one filled up with zeros. A multiple of all register blocks of its AVX2 kernel (24 rows).
constexpr std::int64_t kPaddedTile = 48;
/// Kernels for so many row counts are kept.
constexpr std::size_t kKernels = 16;

/// While it lives, the library works on the calling thread alone; kerf's own threads divide the work.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

[[noreturn]] void fail(dnnl_status_t status) {
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  throw_machine("", fmt::format("the matrix library oneDNN failed with status {}", static_cast<int>(status)));
}

template <typename Body>
auto guarded(const Body& body) {
  const OneThread one_thread;
  try {
    return body();
  } catch (const dnnl::error& error) {
    fail(error.status);
  }
}

const dnnl::engine& engine() {
  static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

/// A buffer of this thread that only grows.
class Scratch {
 public:
  std::byte* reserve(std::size_t bytes) {
    if (bytes > size_) {
      buffer_ = allocate_aligned(bytes);
      size_ = bytes;
    }
    return buffer_.get();
  }

 private:
  std::shared_ptr<std::byte[]> buffer_;
  std::size_t size_ = 0;
};

memory::desc row_major(std::int64_t rows, std::int64_t cols) {
  return {{rows, cols}, memory::data_type::f32, memory::dims{cols, 1}};
}

/// y = x W^T for one number of rows.
struct Kernel {
  dnnl::matmul primitive;
  memory::desc x, y, scratchpad;
};

class DnnlMatrix final : public PackedMatrix {
 public:
  DnnlMatrix(const float* weights, std::int64_t out, std::int64_t in) : out_(out), in_(in) {
    if (out == 0 || in == 0) return;
    guarded([&] { pack_weights(weights); });
  }

  std::int64_t out_features() const override { return out_; }
  std::int64_t in_features() const override { return in_; }
  std::uint64_t bytes() const override { return bytes_; }

  void multiply(const float* x, std::int64_t rows, const float* bias, float* y) const override {
    if (rows == 0 || out_ == 0) return;
    if (in_ == 0) return fill(rows, bias, y);
    const std::int64_t tile = rows_independent_ ? kRowTile : kPaddedTile;
    parallel_for(div_up(rows, tile), [&](std::int64_t i) {
      const std::int64_t first = i * tile, count = std::min(tile, rows - first);
      const float* x_tile = x + first * in_;
      float* y_tile = y + first * out_;
      if (count == tile || rows_independent_) {
        run(x_tile, count, bias, y_tile);
      } else {
        run_padded(x_tile, count, bias, y_tile);
      }
    });
  }

 private:
  using Key = std::pair<std::int64_t, bool>;  // rows, with a bias

  dnnl::matmul::primitive_desc describe(std::int64_t rows, bool with_bias, const memory::desc& weights) const {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const memory::desc x = row_major(rows, in_), y = row_major(rows, out_);
    const auto operation =
        with_bias ? dnnl::matmul::desc(x, weights, row_major(1, out_), y) : dnnl::matmul::desc(x, weights, y);
    return {operation, attributes, engine()};
  }

  void pack_weights(const float* weights) {
    const memory::dims dims{in_, out_};
    const memory::desc any(dims, memory::data_type::f32, memory::format_tag::any);
    const auto description = describe(kRowTile, false, any);
    layout_ = description.weights_desc();
    rows_independent_ = std::string_view(description.impl_info_str()).substr(0, 3) == "brg";
    bytes_ = layout_.get_size();
    packed_ = allocate_aligned(bytes_);

    dnnl::stream stream(engine());
    memory plain({dims, memory::data_type::f32, memory::dims{1, in_}}, engine(), const_cast<float*>(weights));
    memory target(layout_, engine(), packed_.get());
    dnnl::reorder(plain, target).execute(stream, plain, target);
    stream.wait();
  }

  std::shared_ptr<const Kernel> kernel(std::int64_t rows, bool with_bias) const {
    const std::lock_guard lock(mutex_);
    if (const auto found = kernels_.find(Key(rows, with_bias)); found != kernels_.end()) return found->second;
    if (kernels_.size() >= kKernels) kernels_.clear();
    const auto description = describe(rows, with_bias, layout_);
    auto made = std::make_shared<const Kernel>(Kernel{dnnl::matmul(description), description.src_desc(),
                                                      description.dst_desc(), description.scratchpad_desc()});
    kernels_.emplace(Key(rows, with_bias), made);
    return made;
  }

  void run(const float* x, std::int64_t rows, const float* bias, float* y) const {
    thread_local Scratch scratch;
    guarded([&] {
      const auto chosen = kernel(rows, bias != nullptr);
      dnnl::stream stream(engine());
      std::unordered_map<int, memory> arguments{
          {DNNL_ARG_SRC, {chosen->x, engine(), const_cast<float*>(x)}},
          {DNNL_ARG_WEIGHTS, {layout_, engine(), packed_.get()}},
          {DNNL_ARG_DST, {chosen->y, engine(), y}},
          {DNNL_ARG_SCRATCHPAD, {chosen->scratchpad, engine(), scratch.reserve(chosen->scratchpad.get_size())}}};
      if (bias != nullptr) {
        arguments.emplace(DNNL_ARG_BIAS, memory(row_major(1, out_), engine(), const_cast<float*>(bias)));
      }
      chosen->primitive.execute(stream, arguments);
      stream.wait();
    });
  }

  void run_padded(const float* x, std::int64_t rows, const float* bias, float* y) const {
    std::vector<float> x_padded(static_cast<std::size_t>(kPaddedTile * in_), 0.0F);
    std::vector<float> y_padded(static_cast<std::size_t>(kPaddedTile * out_));
    std::copy(x, x + rows * in_, x_padded.begin());
    run(x_padded.data(), kPaddedTile, bias, y_padded.data());
    std::copy(y_padded.begin(), y_padded.begin() + static_cast<std::ptrdiff_t>(rows * out_), y);
  }

  void fill(std::int64_t rows, const float* bias, float* y) const {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t o = 0; o < out_; ++o) y[r * out_ + o] = bias == nullptr ? 0.0F : bias[o];
    }
  }

  std::int64_t out_, in_;
  memory::desc layout_;
  std::uint64_t bytes_ = 0;
  std::shared_ptr<std::byte[]> packed_;
  /// The library's kernel gives a row the same bits whatever the number of rows (its brgemm does; tests/ops checks it).
  bool rows_independent_ = true;
  mutable std::mutex mutex_;
  mutable std::map<Key, std::shared_ptr<const Kernel>> kernels_;
};

std::string_view instruction_set() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41:
      return "SSE4.1";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
      return "AVX2";
    case dnnl::cpu_isa::avx2_vnni:
      return "AVX2 VNNI";
    case dnnl::cpu_isa::avx512_core:
      return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX-512 VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX-512 BF16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "AVX-512 AMX";
    default:
      return "other";
  }
}

}  // namespace

std::shared_ptr<const PackedMatrix> PackedMatrix::pack(const float* weights, std::int64_t out, std::int64_t in) {
  return std::make_shared<const DnnlMatrix>(weights, out, in);
}

void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha,
          const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) c[i * ldc + j] = beta == 0.0F ? 0.0F : beta * c[i * ldc + j];
    }
    return;
  }
  const OneThread one_thread;
  const auto status =
      dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  if (status != dnnl_success) fail(status);
}

const char* library_name() {
  static const std::string name = [] {
    const dnnl_version_t* version = dnnl_version();
    return fmt::format("oneDNN {}.{}.{} ({})", version->major, version->minor, version->patch, instruction_set());
  }();
  return name.c_str();
}

}  // namespace kerf::ops::linalg
