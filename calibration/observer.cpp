#include "calibration/observer.h"

namespace kerf::calibration {

#define X(id) extern const ObserverInfo id##_observer;
#include "calibration/observers.def"
#undef X

const std::vector<const ObserverInfo*>& observers() {
  static const std::vector<const ObserverInfo*> all = {
#define X(id) &id##_observer,
#include "calibration/observers.def"
#undef X
  };
  return all;
}

const ObserverInfo* find_observer(std::string_view name) {
  for (const ObserverInfo* info : observers()) {
    if (info->name == name) return info;
  }
  return nullptr;
}

}  // namespace kerf::calibration
