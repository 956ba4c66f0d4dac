// <sys/pidfd.h>, which has no extern "C" of its own in glibc 2.36, and may be included only once in glibc 2.43.
#pragma once

extern "C" {
#include <sys/pidfd.h>
}
