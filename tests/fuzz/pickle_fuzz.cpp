// Pickles of PyTorch checkpoints: read as data, whatever they are programs for.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "formats/pytorch/pickle.h"
#include "formats/pytorch/state_dict.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    kerf::ByteReader reader(std::as_bytes(std::span(data, size)), "fuzz.pkl");
    const kerf::formats::pytorch::Pickle pickle(reader);
    std::vector<std::string> notes;
    kerf::formats::pytorch::read_state_dict(pickle, "fuzz.pkl", notes);
  } catch (const kerf::Error&) {
  }
  return 0;
}
