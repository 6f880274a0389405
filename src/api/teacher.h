#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/open_model.h"
#include "quant/candidate.h"

namespace kerf::api {

/// The model whose distribution candidates are tuned to, if another than their own was named.
class Teacher {
 public:
  /// `path` may be empty. Error(kUsage) if no candidate is tuned to anything, Error(kInput) unless the teacher predicts
  /// what `student` does, over the same vocabulary.
  Teacher(const std::string& path, const OpenModel& student, const std::vector<const quant::Candidate*>& candidates);
  /// nullptr: the reference itself.
  const sweep::Walker* walker() const { return model_ == nullptr ? nullptr : &model_->walker(); }

 private:
  std::unique_ptr<OpenModel> model_;
};

}  // namespace kerf::api
