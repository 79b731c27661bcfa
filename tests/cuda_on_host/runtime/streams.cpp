// Streams and events.

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
