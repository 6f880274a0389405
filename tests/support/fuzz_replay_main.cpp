// The main() of the fuzz targets in builds without libFuzzer: runs LLVMFuzzerTestOneInput on every file of a corpus and
// on deterministic mutants of each, under limits on processor time and memory. The same inputs on every machine.
//
//   x_fuzz [-mutants=N] [-seed=N] [-limit_ms=N] [-limit_mb=N] FILE|FOLDER…
//
// What was running when the process died is left in ./TARGET.crash, ready for the corpus.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "tests/fuzz/live_memory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

// Sanitizers cost about ten times the time; the limits are those of an optimised build without them.
#ifdef KERF_SANITIZED
constexpr double kSlowdown = 10;
#else
constexpr double kSlowdown = 1;
#endif

struct Options {
  std::uint64_t mutants = 2000;
  std::uint64_t seed = 1;
  std::uint64_t limit_ms = 50;
  std::uint64_t limit_mb = 256;
  std::vector<std::filesystem::path> inputs;
};

struct Running {
  const Bytes* bytes = nullptr;
  std::string label;
  std::string crash_file;
};
Running running;

// Async-signal-safe: only open, write, close.
void save_running_input() {
  if (running.bytes == nullptr) return;
  const int file = ::open(running.crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file >= 0) {
    std::size_t done = 0;
    while (done < running.bytes->size()) {
      const ::ssize_t wrote = ::write(file, running.bytes->data() + done, running.bytes->size() - done);
      if (wrote <= 0) break;
      done += static_cast<std::size_t>(wrote);
    }
    ::close(file);
  }
  const std::string_view parts[] = {"\nwhile running ", running.label, "; the input is in ", running.crash_file, "\n"};
  for (const std::string_view part : parts) {
    if (::write(STDERR_FILENO, part.data(), part.size()) < 0) return;
  }
  running.bytes = nullptr;
}

void on_signal(int number) {
  save_running_input();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "%s", what.c_str());
  save_running_input();
  std::_Exit(1);
}

double cpu_ms() {
  ::timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

double time_once(const Bytes& bytes) {
  // A copy of the exact size on the heap, so that a read past the end is one past the allocation.
  const Bytes exact(bytes);
  const double start = cpu_ms();
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  return cpu_ms() - start;
}

struct Worst {
  double ms = 0;
  double mb = 0;
};

void run_one(const Bytes& bytes, std::string label, const Options& options, Worst& worst) {
  running.label = std::move(label);
  running.bytes = &bytes;
  kerf::test::LiveMemory memory;
  const double limit_ms = static_cast<double>(options.limit_ms) * kSlowdown;
  double ms = time_once(bytes);
  // Once may be the machine's fault, three times is ours.
  for (int again = 0; again < 2 && ms > limit_ms; ++again) ms = std::min(ms, time_once(bytes));
  const double mb = static_cast<double>(memory.peak_bytes()) / 1e6;
  if (mb > static_cast<double>(options.limit_mb)) {
    fail("held " + std::to_string(mb) + " MB; the limit is " + std::to_string(options.limit_mb));
  }
  if (ms > limit_ms) fail("took " + std::to_string(ms) + " ms; the limit is " + std::to_string(limit_ms));
  worst.ms = std::max(worst.ms, ms);
  worst.mb = std::max(worst.mb, mb);
  running.bytes = nullptr;
}

class Mutator {
 public:
  Mutator(const std::vector<Bytes>& corpus, std::uint64_t seed) : corpus_(corpus), random_(seed) {}

  /// One to four changes of `bytes`.
  Bytes mutant(Bytes bytes) {
    for (std::uint64_t n = 1 + below(4); n > 0; --n) change(bytes);
    return bytes;
  }

 private:
  // Not std::uniform_int_distribution: its values differ between standard libraries.
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : random_() % bound; }
  std::ptrdiff_t place(const Bytes& bytes, std::size_t room = 0) {
    return static_cast<std::ptrdiff_t>(below(bytes.size() + 1 - std::min(room, bytes.size())));
  }

  void change(Bytes& bytes) {
    switch (below(8)) {
      case 0:
        return flip_bit(bytes);
      case 1:
        return set_byte(bytes);
      case 2:
        return truncate(bytes);
      case 3:
        return insert_bytes(bytes);
      case 4:
        return erase_span(bytes);
      case 5:
        return splice(bytes);
      case 6:
        return set_integer(bytes);
      default:
        return change_digit(bytes);
    }
  }

  void flip_bit(Bytes& bytes) {
    if (bytes.empty()) return;
    const std::uint64_t at = below(bytes.size());
    bytes[at] ^= static_cast<std::uint8_t>(1U << below(8));
  }
  void set_byte(Bytes& bytes) {
    if (bytes.empty()) return;
    const std::uint64_t at = below(bytes.size());
    bytes[at] = static_cast<std::uint8_t>(below(256));
  }
  void truncate(Bytes& bytes) { bytes.resize(below(bytes.size() + 1)); }
  void insert_bytes(Bytes& bytes) {
    const std::uint64_t count = 1 + below(16);
    const Bytes added(count, static_cast<std::uint8_t>(below(256)));
    bytes.insert(bytes.begin() + place(bytes), added.begin(), added.end());
  }
  void erase_span(Bytes& bytes) {
    const std::size_t count = std::min<std::size_t>(1 + below(32), bytes.size());
    const auto from = bytes.begin() + place(bytes, count);
    bytes.erase(from, from + static_cast<std::ptrdiff_t>(count));
  }
  // A piece of any corpus file, this one included: duplicates keys, mixes headers.
  void splice(Bytes& bytes) {
    const Bytes& other = corpus_[below(corpus_.size())];
    if (other.empty()) return;
    const std::uint64_t from = below(other.size());
    const std::uint64_t count = std::min<std::uint64_t>(1 + below(64), other.size() - from);
    const auto start = other.begin() + static_cast<std::ptrdiff_t>(from);
    bytes.insert(bytes.begin() + place(bytes), start, start + static_cast<std::ptrdiff_t>(count));
  }
  // Values at which size arithmetic breaks, little-endian.
  void set_integer(Bytes& bytes) {
    static constexpr std::uint64_t kValues[] = {0,
                                                1,
                                                0x7f,
                                                0x80,
                                                0xffff,
                                                0x7fffffff,
                                                0x80000000,
                                                0xffffffff,
                                                0x100000000,
                                                0x4000000000000000,
                                                0x7fffffffffffffff,
                                                0x8000000000000000,
                                                0xfffffffffffffff8,
                                                0xffffffffffffffff};
    const std::size_t width = std::size_t{1} << below(4);
    if (bytes.size() < width) return;
    std::uint64_t value = kValues[below(std::size(kValues))];
    value += below(3) - 1;
    const std::size_t at = below(bytes.size() - width + 1);
    for (std::size_t i = 0; i < width; ++i, value >>= 8) bytes[at + i] = static_cast<std::uint8_t>(value);
  }
  // Numbers and structure of text formats: a digit becomes another, a bracket a quote.
  void change_digit(Bytes& bytes) {
    static constexpr std::string_view kText = "0123456789-.eE\"[]{},:\\ \n";
    if (bytes.empty()) return;
    const std::size_t start = below(bytes.size());
    for (std::size_t i = start; i < bytes.size(); ++i) {
      if (kText.find(static_cast<char>(bytes[i])) == std::string_view::npos) continue;
      bytes[i] = static_cast<std::uint8_t>(kText[below(kText.size())]);
      return;
    }
  }

  const std::vector<Bytes>& corpus_;
  std::mt19937_64 random_;
};

bool take_number(std::string_view argument, std::string_view name, std::uint64_t& value) {
  if (!argument.starts_with(name)) return false;
  argument.remove_prefix(name.size());
  const auto [end, error] = std::from_chars(argument.data(), argument.data() + argument.size(), value);
  if (error != std::errc{} || end != argument.data() + argument.size()) {
    std::fprintf(stderr, "%.*s needs a number\n", static_cast<int>(name.size()), name.data());
    std::exit(2);
  }
  return true;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (take_number(argument, "-mutants=", options.mutants) || take_number(argument, "-seed=", options.seed) ||
        take_number(argument, "-limit_ms=", options.limit_ms) ||
        take_number(argument, "-limit_mb=", options.limit_mb)) {
      continue;
    }
    const std::filesystem::path path(argument);
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::directory_iterator(path)) options.inputs.push_back(entry.path());
    } else {
      options.inputs.push_back(path);
    }
  }
  std::sort(options.inputs.begin(), options.inputs.end());
  return options;
}

Bytes read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  if (options.inputs.empty()) {
    std::fprintf(stderr, "no input: a replay of nothing would pass\n");
    return 2;
  }
  running.crash_file = std::filesystem::path(argv[0]).filename().string() + ".crash";
  for (const int number : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV}) ::signal(number, on_signal);
  kerf::test::on_sanitizer_death(save_running_input);

  std::vector<Bytes> corpus;
  for (const auto& path : options.inputs) corpus.push_back(read_bytes(path));
  Worst worst;
  // Once unmeasured: what is built on first use belongs to no input.
  run_one(corpus[0], options.inputs[0].string() + " (first)", options, worst);
  worst = Worst{};
  for (std::size_t i = 0; i < corpus.size(); ++i) run_one(corpus[i], options.inputs[i].string(), options, worst);
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    // Seeded by the file's own bytes, so that a new file changes no other file's mutants but for splices.
    std::uint64_t seed = options.seed;
    for (const std::uint8_t byte : corpus[i]) seed = seed * 0x100000001b3 ^ byte;
    Mutator mutator(corpus, seed);
    for (std::uint64_t n = 0; n < options.mutants; ++n) {
      run_one(mutator.mutant(corpus[i]), options.inputs[i].string() + " mutant " + std::to_string(n), options, worst);
    }
  }
  std::printf("%zu files, %llu mutants each; slowest %.2f ms, largest %.2f MB\n", corpus.size(),
              static_cast<unsigned long long>(options.mutants), worst.ms, worst.mb);
  return 0;
}
