#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/component.h"

namespace kerf::text {

/// Rewrites text before it is split. Valid UTF-8 in, valid UTF-8 out; const and thread-safe.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(std::string& text) const = 0;
};

using NormalizerInfo = ComponentInfo<Normalizer>;

const std::vector<const NormalizerInfo*>& normalizers();
std::unique_ptr<Normalizer> make_normalizer(const JsonCursor& json);

#define X(name) const NormalizerInfo& name##_normalizer();
#include "text/normalizers.def"
#undef X

}  // namespace kerf::text
