# Writes OUTPUT, a source file that names the commit of SOURCE and its date; run by every build. The file is only touched when
# the commit has changed, so that nothing else is compiled again. Without git, or outside of a checkout, the name is empty, and
# the date is that of the build, or of $SOURCE_DATE_EPOCH.
set(commit "")
set(date "")
if(EXISTS ${SOURCE}/.git)
  execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND git -C ${SOURCE} log -1 --format=%cs
    OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(date STREQUAL "" OR DEFINED ENV{SOURCE_DATE_EPOCH})
  string(TIMESTAMP date "%Y-%m-%d" UTC)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
#include "app/cli/help.hpp"

namespace hydra_provisioner::app {

const std::string_view commit = "@commit@";
const std::string_view commit_date = "@date@";

}  // namespace hydra_provisioner::app
]] @ONLY)
