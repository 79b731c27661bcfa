/// Work on streams, put off until something waits for it: then that and what it must come after are carried
/// out, and nothing else. So a missing synchronisation or event shows as memory that has not been written, or
/// has been overwritten. Knows nothing of CUDA's types.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace cuda_on_host {

/// One operation of a stream.
struct Work {
  std::function<void()> run;
  std::vector<std::shared_ptr<Work>> before;  ///< what must come first
  bool done = false;
};
using WorkPointer = std::shared_ptr<Work>;

/// Operations of one stream that were kept instead of issued, in their order.
using Recording = std::vector<std::function<void()>>;

/// The last operation that was issued to a stream; null at first.
struct Queue {
  WorkPointer last;
  std::shared_ptr<Recording> recording;  ///< of a graph; null: operations are issued
  bool blocking = true;                  ///< waits for the null stream, and the null stream for it
};

/// The null stream, and all others.
Queue& null_queue();
void add_queue(Queue* queue);
void remove_queue(Queue* queue);  ///< its work stays

/// Puts `run` on a queue, after `also_after` too (may be null).
WorkPointer issue(Queue& queue, std::function<void()> run, const WorkPointer& also_after = nullptr);
/// Carries out `work` (may be null) and what it depends on. An exception leaves it not done.
void finish(const WorkPointer& work);
/// Carries out everything; of independent operations the oldest first, or with Order::reverse the newest.
void finish_all();
/// Carries out the oldest pending operation, if any.
void finish_one();
/// Forgets everything that is pending.
void drop_all();
std::size_t pending_count();

}  // namespace cuda_on_host
