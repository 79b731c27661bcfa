// Calls, planted failures, errors, and the machine that is pretended.
#include "call.hpp"

#include <map>
#include <vector>

#include "../cuda_on_host.hpp"

namespace cuda_on_host {

Machine machine;

namespace {

std::recursive_mutex mutex;
std::map<std::string, long, std::less<>> counts;
std::vector<Failure> failures;
cudaError_t last_error = cudaSuccess;
cudaError_t fatal_error = cudaSuccess;  // a kernel died
std::string message;

// The planted failure whose turn has come, as an error; cudaSuccess if none.
cudaError_t count(std::string_view function, bool any) {
  ++counts[std::string(function)];
  if (any) ++counts[""];
  cudaError_t error = cudaSuccess;
  for (Failure& f : failures) {
    if (f.function != function && !(any && f.function.empty())) continue;
    if (--f.nth == 0) error = static_cast<cudaError_t>(f.error);
  }
  return error;
}

cudaError_t missing_device() {
  if (machine.driver_version < machine.runtime_version) return cudaErrorInsufficientDriver;
  if (machine.devices == 0) return cudaErrorNoDevice;
  return cudaSuccess;
}

struct KernelDied : KernelError {
  KernelDied(cudaError_t e, const std::string& what) : KernelError(what), error(e) {}
  cudaError_t error;
};

void die(cudaError_t error, const std::string& what) {
  fatal_error = last_error = error;
  message = what;
  drop_all();
}

}  // namespace

Call::Call(const char* function, bool needs_device) : lock_(mutex) {
  if (!needs_device) return;
  const cudaError_t planted = count(function, true);
  if (fatal_error != cudaSuccess) {
    error = fatal_error;
  } else if (planted != cudaSuccess) {
    error = set_error(planted, std::string(function) + " was made to fail");
  } else if (missing_device() != cudaSuccess) {
    error = set_error(missing_device(), std::string(function) + " without a usable driver or device");
  }
}

cudaError_t set_error(cudaError_t error, const std::string& what) {
  if (fatal_error != cudaSuccess) return fatal_error;
  last_error = error;
  message = what;
  return error;
}

cudaError_t carry_out(const std::function<void()>& wait) {
  try {
    wait();
  } catch (const KernelDied& e) {
    die(e.error, e.what());
  } catch (const KernelError& e) {
    die(cudaErrorLaunchFailure, e.what());
  }
  return fatal_error;
}

cudaError_t put(cudaStream_t stream, std::function<void()> run, const WorkPointer& also_after) {
  Queue& queue = queue_of(stream);
  if (queue.recording) {
    if (also_after)
      return set_error(cudaErrorStreamCaptureUnsupported,
                       "an operation that waits for one outside of the graph");
    queue.recording->push_back(std::move(run));
    return cudaSuccess;
  }
  const WorkPointer work = issue(queue, std::move(run), also_after);
  return machine.lazy ? cudaSuccess : carry_out([&] { finish(work); });
}

void kernel_starts() {
  const cudaError_t planted = count("kernel", false);
  if (planted != cudaSuccess) throw KernelDied(planted, "a kernel was made to die");
}

bool device_is_valid(int device) {
  return device >= 0 && device < machine.devices;
}

void plant(const Failure& failure) {
  const std::lock_guard lock(mutex);
  failures.push_back(failure);
}

long calls(std::string_view function) {
  const std::lock_guard lock(mutex);
  const auto found = counts.find(function);
  return found == counts.end() ? 0 : found->second;
}

std::string last_message() {
  const std::lock_guard lock(mutex);
  return message;
}

std::size_t pending_work() {
  const std::lock_guard lock(mutex);
  return pending_count();
}

void reset() {
  const std::lock_guard lock(mutex);
  drop_all();
  null_queue().last = nullptr;
  free_all_memory();
  forget_attributes();
  counts.clear();
  failures.clear();
  last_error = fatal_error = cudaSuccess;
  message.clear();
  machine = {};
  options = {};
}

}  // namespace cuda_on_host

using namespace cuda_on_host;

namespace {

struct ErrorText {
  cudaError_t error;
  const char *name, *text;
};
constexpr ErrorText kErrors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInvalidSymbol, "cudaErrorInvalidSymbol", "invalid device symbol"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorDevicesUnavailable, "cudaErrorDevicesUnavailable",
     "CUDA-capable device(s) is/are busy or unavailable"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice",
     "no kernel image is available for execution on the device"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources",
     "too many resources requested for launch"},
    {cudaErrorLaunchTimeout, "cudaErrorLaunchTimeout", "the launch timed out and was terminated"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorIllegalState, "cudaErrorIllegalState",
     "the operation cannot be performed in the present state"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "operation not permitted when stream is capturing"},
};

const ErrorText* find(cudaError_t error) {
  for (const ErrorText& e : kErrors) {
    if (e.error == error) return &e;
  }
  return nullptr;
}

}  // namespace

extern "C" {

cudaError_t cudaGetLastError() {
  const Call call(__func__, false);
  const cudaError_t error = last_error;
  last_error = fatal_error;  // cudaSuccess, unless a kernel died
  return error;
}

cudaError_t cudaPeekAtLastError() {
  const Call call(__func__, false);
  return last_error;
}

const char* cudaGetErrorName(cudaError_t error) {
  const ErrorText* e = find(error);
  return e ? e->name : "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  const ErrorText* e = find(error);
  return e ? e->text : "unrecognized error code";
}

cudaError_t cudaDriverGetVersion(int* version) {
  const Call call(__func__, false);
  *version = machine.driver_version;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  const Call call(__func__, false);
  *version = machine.runtime_version;
  return cudaSuccess;
}

}  // extern "C"
