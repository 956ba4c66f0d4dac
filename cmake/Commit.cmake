# Writes OUTPUT, a source file that names the commit of SOURCE; run by every build. The file is only touched when the
# commit has changed, so that nothing else is compiled again. Without git, or outside of a checkout, the name is empty.
set(commit "")
if(EXISTS ${SOURCE}/.git)
  execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
#include "app/cli/help.hpp"

namespace hydra_provisioner::app {

const std::string_view commit = "@commit@";

}  // namespace hydra_provisioner::app
]] @ONLY)
