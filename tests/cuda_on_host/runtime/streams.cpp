// Streams, events and graphs of one stream's work.

#include <chrono>

#include "../cuda_on_host.hpp"
#include "call.hpp"

// The types behind CUDA's opaque handles.
struct CUstream_st {
  cuda_on_host::Queue queue;
};
struct CUevent_st {
  cuda_on_host::WorkPointer recorded;            // null: never recorded
  std::chrono::steady_clock::time_point when{};  // it was reached
};

struct CUgraph_st {
  std::shared_ptr<const cuda_on_host::Recording> work;
};
struct CUgraphExec_st {
  std::shared_ptr<const cuda_on_host::Recording> work;
};

namespace cuda_on_host {

Queue& queue_of(cudaStream_t stream) {
  const auto handle = reinterpret_cast<std::uintptr_t>(stream);
  return handle <= 2 ? null_queue() : stream->queue;  // 1 and 2 are cudaStreamLegacy and cudaStreamPerThread
}

namespace {

bool is_done(const WorkPointer& work) {
  return !work || work->done;
}

// A query must not let the asker wait for ever: each makes a little progress.
cudaError_t query(const WorkPointer& work) {
  if (is_done(work)) return cudaSuccess;
  const cudaError_t error = carry_out(finish_one);
  return error != cudaSuccess ? error : cudaErrorNotReady;
}

}  // namespace
}  // namespace cuda_on_host

using namespace cuda_on_host;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  CUDA_ON_HOST_ENTER();
  *stream = new CUstream_st;
  (*stream)->queue.blocking = flags != cudaStreamNonBlocking;
  add_queue(&(*stream)->queue);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  CUDA_ON_HOST_ENTER();
  if (!stream) return set_error(cudaErrorInvalidResourceHandle, "cudaStreamDestroy of the null stream");
  remove_queue(&stream->queue);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  CUDA_ON_HOST_ENTER();
  if (queue_of(stream).recording)
    return set_error(cudaErrorStreamCaptureUnsupported, "cudaStreamSynchronize of a stream that is recorded");
  return carry_out([&] {
    if (&queue_of(stream) == &null_queue()) issue(null_queue(), [] {});  // after all blocking streams' work
    finish(queue_of(stream).last);
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  CUDA_ON_HOST_ENTER();
  return query(queue_of(stream).last);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  CUDA_ON_HOST_ENTER();
  return put(
      stream, [] {}, event->recorded);
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  CUDA_ON_HOST_ENTER();
  return put(stream, [=] { function(data); });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  CUDA_ON_HOST_ENTER();
  Queue& queue = queue_of(stream);
  if (&queue == &null_queue() || queue.recording)
    return set_error(cudaErrorIllegalState, "a graph of the null stream, or of one that is recorded already");
  queue.recording = std::make_shared<Recording>();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  CUDA_ON_HOST_ENTER();
  Queue& queue = queue_of(stream);
  if (!queue.recording) return set_error(cudaErrorIllegalState, "the end of a graph that was not begun");
  *graph = new CUgraph_st{std::move(queue.recording)};
  queue.recording = nullptr;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  CUDA_ON_HOST_ENTER();
  *executable = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  CUDA_ON_HOST_ENTER();
  for (const auto& run : *executable->work) {
    const cudaError_t error = put(stream, run);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  CUDA_ON_HOST_ENTER();
  delete executable;  // what was launched holds its own copies
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  CUDA_ON_HOST_ENTER();
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  CUDA_ON_HOST_ENTER();
  return carry_out(finish_all);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  CUDA_ON_HOST_ENTER();
  *event = new CUevent_st;
  return cudaSuccess;
}

#ifndef CUDA_ON_HOST  // the real header declares it as a C function; the stand-in has it inline
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}
#endif

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  CUDA_ON_HOST_ENTER();
  if (event->recorded && !event->recorded->done) {  // its record still writes to it
    const cudaError_t error = carry_out([&] { finish(event->recorded); });
    if (error != cudaSuccess) return error;
  }
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  CUDA_ON_HOST_ENTER();
  const cudaError_t error = put(stream, [event] { event->when = std::chrono::steady_clock::now(); });
  if (error == cudaSuccess) event->recorded = queue_of(stream).last;
  return error;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  CUDA_ON_HOST_ENTER();
  return carry_out([&] { finish(event->recorded); });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  CUDA_ON_HOST_ENTER();
  return query(event->recorded);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  CUDA_ON_HOST_ENTER();
  if (!from->recorded || !to->recorded) {
    return set_error(cudaErrorInvalidResourceHandle,
                     "cudaEventElapsedTime of an event that was never recorded");
  }
  if (!from->recorded->done || !to->recorded->done) return cudaErrorNotReady;
  *milliseconds = std::chrono::duration<float, std::milli>(to->when - from->when).count();
  return cudaSuccess;
}

}  // extern "C"
