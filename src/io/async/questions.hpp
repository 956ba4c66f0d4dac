// Questions whose answers may take longer than a pass wants to wait: each is asked once at a time, and a later caller
// gets an answer that came late.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/pending_call.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::io {

inline constexpr Seconds short_patience{2};  // where the next pass gets the answer

// One for each machine.
template <class T>
class Questions {
 public:
  using Answer = Expected<T>;

  explicit Questions(Clock& clock) : clock_(clock) {}

  // ErrorKind::unanswered: the answer is still to come. The next call gets it, instead of asking again.
  Task<Answer> ask(MachineId machine, std::function<Task<Answer>()> find) {
    drop_old();
    const auto [entry, is_new] = questions_.try_emplace(machine);
    if (is_new) entry->second = std::make_shared<PendingCall<T>>(clock_);
    // While this waits, another caller may take the answer, or drop it as an old one. So it holds the question itself.
    const Question question = entry->second;
    if (is_new) co_await question->start(std::move(find));
    auto answer = co_await question->wait(short_patience);
    if (!answer) co_return failure("has not answered yet", ErrorKind::unanswered);
    const auto known = questions_.find(machine);
    if (known != questions_.end() && known->second == question) questions_.erase(known);
    co_return *std::move(answer);
  }

  // The answers that have come since their callers stopped waiting.
  std::vector<std::pair<MachineId, Answer>> take_late() {
    std::vector<std::pair<MachineId, Answer>> late;
    for (auto& [machine, question] : questions_) {
      if (auto answer = question->take()) late.emplace_back(machine, *std::move(answer));
    }
    std::erase_if(questions_, [](const auto& entry) { return is_over(*entry.second); });
    return late;
  }

 private:
  using Question = std::shared_ptr<PendingCall<T>>;
  static constexpr Seconds answers_are_kept{60};

  static bool is_over(const PendingCall<T>& question) { return !question.is_pending() && !question.is_answered(); }

  // Answers about machines that are not asked for any more.
  void drop_old() {
    std::erase_if(questions_, [now = clock_.now()](const auto& entry) {
      return !entry.second->is_pending() && now - entry.second->started_at() > answers_are_kept;
    });
  }

  Clock& clock_;
  std::map<MachineId, Question> questions_;
};

}  // namespace hydra_provisioner::io
