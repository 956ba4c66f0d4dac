#include <gtest/gtest.h>

#include "tests/support/own_network.hpp"

int main(int argc, char** argv) {
  hydra_provisioner::support::enter_own_network();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
