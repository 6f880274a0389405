// A project that uses kerf as a library, with nothing but what is installed.
#include <iostream>

#include <kerf/kerf.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    const kerf::Inspection model = kerf::inspect(argv[1], 512);
    std::cout << "kerf " << kerf::version() << ": " << model.family << ", " << model.parameters << " parameters\n";
    return model.family == "llama" && model.parameters == 3672320 ? 0 : 1;
  } catch (const kerf::Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.code());
  }
}
