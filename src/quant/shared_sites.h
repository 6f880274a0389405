#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "calibration/statistics.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// A weight that several nodes multiply by, and no node looks rows up in: layers that share their weights.
bool is_shared(const sweep::Site& site);

/// By index of the site.
using SiteStatistics = std::map<std::size_t, std::shared_ptr<const calibration::Statistics>>;

/// Statistics of sites over all their uses together, with the observers named for each, from a pass of their own over
/// the reference: the first use is reached long before the last is seen.
SiteStatistics pool_uses(const sweep::Walker& walker, sweep::Stream stream,
                         const std::map<std::size_t, std::vector<std::string>>& observers);

}  // namespace kerf::quant
