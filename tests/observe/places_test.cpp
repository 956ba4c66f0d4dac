#include "observe/places.hpp"

#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::observe {
namespace {

Machine machine_of(std::int64_t number, ProviderKind provider = ProviderKind::nixops) {
  Machine machine;
  machine.id = MachineId{fmt::format("a-b-{}", number)};
  machine.pool = PoolName{"x86_64-linux"};
  machine.provider = provider;
  return machine;
}

Machine in_place(std::int64_t number, const std::string& name, std::int64_t slot, const std::string& pool = "") {
  Machine machine = machine_of(number);
  machine.noted_as = MachineId{name};
  machine.slot = slot;
  if (!pool.empty()) machine.pool = PoolName{pool};
  return machine;
}

// "NAME at SLOT"
std::string place_beside(const std::vector<Machine>& others, const std::set<MachineId>& taken = {}) {
  Machine fresh = machine_of(7);
  std::vector<const Machine*> all;
  for (const Machine& other : others) all.push_back(&other);
  give_place(fresh, all, taken);
  return fmt::format("{} at {}", noted_id(fresh), fresh.slot.value_or(-1));
}

TEST(Places, TheLowestThatAreFreeAreGiven) {
  EXPECT_EQ(place_beside({}), "a-b-0 at 0");
  EXPECT_EQ(place_beside({in_place(3, "a-b-0", 0), in_place(4, "a-b-2", 2)}), "a-b-1 at 1");
  EXPECT_EQ(place_beside({in_place(3, "a-b-1", 1)}), "a-b-0 at 0");
}

TEST(Places, NamesAreSharedByAllTypesButSlotsAreNot) {
  EXPECT_EQ(place_beside({in_place(3, "a-b-0", 0, "aarch64-linux")}), "a-b-1 at 0");
}

TEST(Places, AMachineFromBeforeThereWerePlacesIsNamedLikeItsId) {
  EXPECT_EQ(place_beside({machine_of(0)}), "a-b-1 at 0");
}

TEST(Places, WhatIsGoneLeavesItsPlace) {
  Machine gone = in_place(3, "a-b-0", 0);
  gone.state = MachineState::gone;
  EXPECT_EQ(place_beside({gone}), "a-b-0 at 0");
}

TEST(Places, ANameThatAnotherInstallationHasIsTaken) {
  EXPECT_EQ(place_beside({}, {MachineId{"a-b-0"}, MachineId{"else"}}), "a-b-1 at 0");
}

TEST(Places, OnlyProvidersThatGiveNamesBackHaveThem) {
  Machine fresh = machine_of(7, ProviderKind::ec2);
  give_place(fresh, {}, {});
  EXPECT_EQ(noted_id(fresh), MachineId{"a-b-7"});
  EXPECT_FALSE(fresh.slot);
}

TEST(Places, ASlotIsKept) {
  Machine first = in_place(3, "a-b-0", 5);
  give_slot(first, {});
  EXPECT_EQ(first.slot, 5);
}

}  // namespace
}  // namespace hydra_provisioner::observe
