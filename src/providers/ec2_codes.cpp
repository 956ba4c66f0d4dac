#include "providers/ec2_codes.hpp"

#include <algorithm>
#include <span>

namespace hydra_provisioner::providers {
namespace {

using Codes = std::span<const std::string_view>;

constexpr std::string_view capacity_codes[] = {"InsufficientInstanceCapacity",
                                               "InsufficientCapacity",
                                               "InsufficientHostCapacity",
                                               "InsufficientCapacityOnHost",
                                               "InsufficientReservedInstanceCapacity",
                                               "InsufficientReservedInstancesCapacity",
                                               "InsufficientVolumeCapacity",
                                               "InsufficientAddressCapacity",
                                               "InsufficientFreeAddressesInSubnet",
                                               "MaxSpotInstanceCountExceeded",
                                               "SpotMaxPriceTooLow",
                                               "ReservationCapacityExceeded",
                                               "UnfulfillableCapacity"};

constexpr std::string_view quota_codes[] = {
    "InstanceLimitExceeded", "VcpuLimitExceeded",     "VolumeLimitExceeded",          "AddressLimitExceeded",
    "MaxIOPSLimitExceeded",  "ResourceLimitExceeded", "NetworkInterfaceLimitExceeded"};

constexpr std::string_view credentials_codes[] = {"AuthFailure",
                                                  "InvalidClientTokenId",
                                                  "SignatureDoesNotMatch",
                                                  "ExpiredToken",
                                                  "RequestExpired",
                                                  "ExpiredTokenException",
                                                  "MissingAuthenticationToken",
                                                  "IncompleteSignature",
                                                  "UnrecognizedClientException"};

constexpr std::string_view throttling_codes[] = {"RequestLimitExceeded",
                                                 "TooManyRequestsException",
                                                 "BandwidthLimitExceeded",
                                                 "LimitExceededException",
                                                 "SlowDown",
                                                 "PriorRequestNotComplete"};

constexpr std::string_view refusal_codes[] = {"Unsupported",
                                              "UnsupportedOperation",
                                              "UnsupportedInstanceAttribute",
                                              "UnauthorizedOperation",
                                              "AccessDenied",
                                              "OptInRequired",
                                              "PendingVerification",
                                              "Blocked",
                                              "IdempotentParameterMismatch",
                                              "InvalidBlockDeviceMapping",
                                              "InvalidInstanceType",
                                              "InvalidAvailabilityZone",
                                              "InvalidInput",
                                              "MissingParameter",
                                              "UnknownParameter",
                                              "ValidationError",
                                              "VPCIdNotSpecified"};

// As in `InvalidAMIID.NotFound`, `InvalidParameterValue`, ….
constexpr std::string_view refusal_beginnings[] = {"InvalidAMIID.", "InvalidParameter", "InvalidZone."};

constexpr std::string_view passing_codes[] = {"RequestTimeout",
                                              "InternalError",
                                              "InternalFailure",
                                              "Unavailable",
                                              "ServiceUnavailable",
                                              "InvalidInstanceID.NotFound",
                                              "InvalidSpotInstanceRequestID.NotFound",
                                              "InvalidVolume.NotFound",
                                              "InvalidNetworkInterfaceID.NotFound",
                                              "IncorrectInstanceState"};

bool is_one_of(Codes codes, std::string_view code) { return std::ranges::count(codes, code) > 0; }

bool is_refusal(std::string_view code) {
  return is_one_of(refusal_codes, code) ||
         std::ranges::any_of(refusal_beginnings, [&](std::string_view start) { return code.starts_with(start); });
}

}  // namespace

Ec2Code meaning_of(std::string_view code) {
  if (is_one_of(capacity_codes, code)) return Ec2Code::capacity;
  if (is_one_of(quota_codes, code)) return Ec2Code::quota;
  if (is_one_of(credentials_codes, code)) return Ec2Code::credentials;
  if (is_refusal(code)) return Ec2Code::refusal;
  if (is_one_of(throttling_codes, code) || code.contains("Throttl")) return Ec2Code::throttling;
  if (is_one_of(passing_codes, code)) return Ec2Code::passing;
  return Ec2Code::unknown;
}

}  // namespace hydra_provisioner::providers
