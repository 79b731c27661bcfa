// Work on streams, put off until something waits for it.
#include "work.hpp"

#include <algorithm>
#include <deque>

#include "../engine/engine.hpp"

namespace cuda_on_host {
namespace {

std::deque<WorkPointer> pending;  // in the order of issue; some may be done
std::vector<Queue*> queues;

void forget_done() {
  std::erase_if(pending, [](const WorkPointer& w) { return w->done; });
}

void depend_on(Work& work, const WorkPointer& other) {
  if (other && !other->done) work.before.push_back(other);
}

}  // namespace

Queue& null_queue() {
  static Queue queue;
  return queue;
}

void add_queue(Queue* queue) {
  queues.push_back(queue);
}
void remove_queue(Queue* queue) {
  std::erase(queues, queue);
}

WorkPointer issue(Queue& queue, std::function<void()> run, const WorkPointer& also_after) {
  auto work = std::make_shared<Work>();
  work->run = std::move(run);
  depend_on(*work, queue.last);
  depend_on(*work, also_after);
  if (&queue == &null_queue()) {
    for (const Queue* other : queues) {
      if (other->blocking) depend_on(*work, other->last);
    }
  } else if (queue.blocking) {
    depend_on(*work, null_queue().last);
  }
  queue.last = work;
  pending.push_back(work);
  return work;
}

void finish(const WorkPointer& work) {
  if (!work) return;
  std::vector<WorkPointer> stack{work};  // not recursive: chains may be long
  while (!stack.empty()) {
    const WorkPointer w = stack.back();
    const auto first =
        std::find_if(w->before.begin(), w->before.end(), [](const auto& b) { return !b->done; });
    if (first != w->before.end()) {
      stack.push_back(*first);
      continue;
    }
    stack.pop_back();
    if (w->done) continue;
    w->before.clear();
    w->run();
    w->run = nullptr;
    w->done = true;
  }
  forget_done();
}

void finish_all() {
  while (!pending.empty()) {
    finish(options.order == Order::reverse ? pending.back() : pending.front());
    forget_done();
  }
}

void finish_one() {
  if (!pending.empty()) finish(pending.front());
}

void drop_all() {
  for (const WorkPointer& w : pending) {
    w->before.clear();
    w->run = nullptr;
    w->done = true;
  }
  pending.clear();
}

std::size_t pending_count() {
  forget_done();
  return pending.size();
}

}  // namespace cuda_on_host
