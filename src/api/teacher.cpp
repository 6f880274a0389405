#include "api/teacher.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/measure.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::api {

Teacher::Teacher(const std::string& path, const OpenModel& student,
                 const std::vector<const quant::Candidate*>& candidates) {
  if (path.empty()) return;
  if (std::none_of(candidates.begin(), candidates.end(),
                   [](const quant::Candidate* candidate) { return quant::is_tuned(*candidate); })) {
    throw_usage(fmt::format("--teacher {}: nothing is tuned to it; the transform distill does that", quoted(path)));
  }
  model_ = std::make_unique<OpenModel>(ModelInput(path));
  check_comparable(*model_, student);
}

}  // namespace kerf::api
