#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/error.h"

namespace kerf::test {

/// The Error that `action` throws; fails the test if it throws none, or one of another kind or text.
template <typename Action>
void expect_error(ErrorCode code, std::string_view part_of_message, Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    EXPECT_NE(std::string_view(error.what()).find(part_of_message), std::string_view::npos)
        << "found: " << error.what() << "\nexpected in it: " << part_of_message;
    return;
  }
  ADD_FAILURE() << "no error; expected one that says: " << part_of_message;
}

}  // namespace kerf::test
