// A verb is one row: what the help says about it, what it takes, and what it runs.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "app/cli/arguments.hpp"
#include "app/cli/outcome.hpp"
#include "app/cli/screen.hpp"
#include "app/cli/terminal.hpp"
#include "io/async/task.hpp"

namespace hydra_provisioner::app {

// What every verb is given besides its own options.
struct Context {
  std::string state_dir;
  Screen screen;
  TerminalVoice& voice;
};

using Run = std::function<io::Task<Outcome>(Context)>;

enum class Section : std::uint8_t { passes, reading, by_hand, forecasts, providers, internal };  // of the help

// What SIGINT and SIGTERM do.
enum class OnSignal : std::uint8_t {
  cancel,          // what is waited for is cancelled, and the exit status is 128 + the signal
  finish,          // it is cancelled, too, but this is a proper end, as the next pass carries on
  left_to_itself,  // the verb handles signals itself, or the system's default is right
};

struct Example {
  std::string_view arguments;  // what follows `hydra-provisioner`
  std::string_view meaning;
};

struct Verb {
  std::string_view name;  // empty: of a pass, where the configuration stands in its place
  Section section;
  std::string_view summary;      // one line in the list of all commands
  std::string_view description;  // two or three sentences
  std::array<Example, 2> examples;
  OnSignal on_signal = OnSignal::cancel;
  std::function<Run(Arguments&)> declare;  // what it returns keeps the values that it declares
};

template <class Options, class Result>
io::Task<Outcome> run_with(Result (*run)(Options, Context), std::shared_ptr<const Options> options, Context context) {
  if constexpr (std::is_same_v<Result, Outcome>) {
    co_return run(*options, std::move(context));
  } else {
    co_return co_await run(*options, std::move(context));
  }
}

// The last part of a row: `declare` says what goes into the Options with which `run` is called.
template <class Options, class Result>
std::function<Run(Arguments&)> command(void (*declare)(Arguments&, Options&), Result (*run)(Options, Context)) {
  return [=](Arguments& arguments) -> Run {
    auto options = std::make_shared<Options>();
    declare(arguments, *options);
    return [=](Context context) { return run_with<Options, Result>(run, options, std::move(context)); };
  };
}

}  // namespace hydra_provisioner::app
