// Exits with 0 iff temporaries that share an expression with co_await are destroyed as often as they are made.
#include <coroutine>
#include <exception>
#include <expected>
#include <string>
#include <utility>

static int alive = 0;

struct Counted {
  std::string text;
  explicit Counted(std::string t) : text(std::move(t)) { ++alive; }
  Counted(const Counted& other) : text(other.text) { ++alive; }
  Counted(Counted&& other) noexcept : text(std::move(other.text)) { ++alive; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --alive; }
};

struct Arguments {
  Counted first;
  Counted second{"a default that is longer than any small string"};
};

struct Coroutine {
  struct promise_type {
    Coroutine get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

struct Child {
  Arguments arguments;
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<>) {}
  std::expected<std::size_t, int> await_resume() { return arguments.first.text.size() + arguments.second.text.size(); }
};

static Child child(Arguments arguments) { return Child{std::move(arguments)}; }

static std::size_t total = 0;

static Coroutine parent(bool wide) {
  total += (co_await child({.first = Counted("a text that is longer than any small string")})).value();
  total += wide ? (co_await child({Counted(std::string(100, 'x')), Counted(std::string(50, 'y'))})).value()
                : (co_await child(Arguments{Counted("z")})).value();
}

int main() {
  for (const bool wide : {false, true}) {
    Coroutine coroutine = parent(wide);
    while (!coroutine.handle.done()) coroutine.handle.resume();
    coroutine.handle.destroy();
  }
  return alive == 0 && total > 0 ? 0 : 1;
}
