// How often classes have been registered with abstract ones (abc.get_cache_token).
#pragma once

#include <cstdint>

namespace segue {

int64_t abstractRegistrations();

}  // namespace segue
