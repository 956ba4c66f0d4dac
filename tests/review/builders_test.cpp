#include "review/builders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::review {
namespace {

using support::noon;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Builders, KnowWhichTypeHadAnAddressAtATime) {
  const Builders builders({{PoolName{"x86_64-linux:kvm"}, "10.0.0.1", noon - Seconds{900}, noon - Seconds{500}},
                           {PoolName{"x86_64-linux:big"}, "10.0.0.1", noon - Seconds{400}, {}},
                           {PoolName{"x86_64-linux:mac"}, "nix@2001:db8::1", noon - Seconds{400}, {}}});
  EXPECT_THAT(builders.features("root@10.0.0.1", noon - Seconds{700}), ElementsAre("kvm"));
  EXPECT_THAT(builders.features("ssh://root@10.0.0.1?x=y", noon), ElementsAre("big"));
  EXPECT_THAT(builders.features("ssh://nix@[2001:db8::1]", noon), ElementsAre("mac"));
  EXPECT_THAT(builders.features("root@10.0.0.1", noon - Seconds{450}), IsEmpty()) << "in between";
  EXPECT_THAT(builders.features("root@10.0.0.2", noon), IsEmpty());
}

TEST(Builders, KnowThatAFeatureOfAMachineNeedNotBeRequired) {
  const Builders builders({{.pool = PoolName{"x86_64-linux:kvm"},
                            .address = "10.0.0.1",
                            .from = noon,
                            .until = {},
                            .settings_json = R"({"local": {}, "mandatoryFeatures": []})"},
                           {.pool = PoolName{"big"},
                            .address = "10.0.0.2",
                            .from = noon,
                            .until = {},
                            .settings_json = R"({"local": {}, "systems": ["s"], "mandatoryFeatures": ["big"]})"}});
  EXPECT_THAT(builders.features("root@10.0.0.1", noon), IsEmpty());
  EXPECT_THAT(builders.features("root@10.0.0.2", noon), ElementsAre("big"));
}

}  // namespace
}  // namespace hydra_provisioner::review
