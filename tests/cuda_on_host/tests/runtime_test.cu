// The runtime: work that is put off, streams and events, memory, failures.
#include <cstring>

#include "testing.hpp"

namespace cuda_on_host {
namespace {

using Runtime = CudaTest;
using starling::cuda::launch;

__global__ void add_kernel(int* values, int n, int summand) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) values[i] += summand;
}

__global__ void __launch_bounds__(64) bounded_kernel(int* values) {
  DYNAMIC_SHARED(int, shared);
  shared[threadIdx.x] = static_cast<int>(threadIdx.x);
  values[threadIdx.x] = shared[threadIdx.x];
}

__global__ void broken_kernel(int* values) {
  if (threadIdx.x == 0) values[0] = __shfl_sync(2u, 1, 1);  // its mask leaves it out
}

constexpr int kCount = 100;

/// Device memory of kCount integers, set to `value`.
int* device_array(int value) {
  int* values = nullptr;
  const std::vector<int> host(kCount, value);
  EXPECT_EQ(cudaMalloc(&values, kCount * sizeof(int)), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(values, host.data(), kCount * sizeof(int), cudaMemcpyHostToDevice), cudaSuccess);
  return values;
}

cudaError_t add(int* values, int summand, cudaStream_t stream) {
  return launch(add_kernel, dim3(2), dim3(64), 0, stream, values, kCount, summand);
}

int first(const int* values) {
  int host = 0;
  EXPECT_EQ(cudaMemcpy(&host, values, sizeof host, cudaMemcpyDeviceToHost), cudaSuccess) << last_message();
  return host;
}

// ---- laziness

TEST_F(Runtime, WorkIsPutOffUntilSomethingWaits) {
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  int* values = device_array(1);
  int result = -7;  // pageable memory: put off too
  ASSERT_EQ(add(values, 2, stream), cudaSuccess);
  ASSERT_EQ(cudaMemcpyAsync(&result, values, sizeof result, cudaMemcpyDeviceToHost, stream), cudaSuccess);
  EXPECT_EQ(result, -7);
  EXPECT_EQ(pending_work(), 2u);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(result, 3);
  EXPECT_EQ(pending_work(), 0u);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST_F(Runtime, WithoutLazinessWorkIsDoneAtOnce) {
  machine.lazy = false;
  int* values = device_array(1);
  int result = -7;
  ASSERT_EQ(add(values, 2, nullptr), cudaSuccess);
  ASSERT_EQ(cudaMemcpyAsync(&result, values, sizeof result, cudaMemcpyDeviceToHost, nullptr), cudaSuccess);
  EXPECT_EQ(result, 3);
}

TEST_F(Runtime, FreshMemoryIsAllOnes) {
  int* values = nullptr;
  ASSERT_EQ(cudaMalloc(&values, sizeof *values), cudaSuccess);
  EXPECT_EQ(first(values), -1);
  ASSERT_EQ(cudaMemsetAsync(values, 0, sizeof *values), cudaSuccess);
  EXPECT_EQ(first(values), 0);
}

// ---- streams

struct TwoStreams {
  cudaStream_t compute = nullptr, copy = nullptr;
  cudaEvent_t ready = nullptr;
  explicit TwoStreams(unsigned flags) {
    EXPECT_EQ(cudaStreamCreateWithFlags(&compute, flags), cudaSuccess);
    EXPECT_EQ(cudaStreamCreateWithFlags(&copy, flags), cudaSuccess);
    EXPECT_EQ(cudaEventCreateWithFlags(&ready, cudaEventDisableTiming), cudaSuccess);
  }
  ~TwoStreams() {
    cudaEventDestroy(ready);
    cudaStreamDestroy(compute);
    cudaStreamDestroy(copy);
  }
};

int copy_after_add(bool with_event) {
  TwoStreams s(cudaStreamNonBlocking);
  int* values = device_array(1);
  int result = 0;
  EXPECT_EQ(add(values, 2, s.compute), cudaSuccess);
  if (with_event) {
    EXPECT_EQ(cudaEventRecord(s.ready, s.compute), cudaSuccess);
    EXPECT_EQ(cudaStreamWaitEvent(s.copy, s.ready, 0), cudaSuccess);
  }
  EXPECT_EQ(cudaMemcpyAsync(&result, values, sizeof result, cudaMemcpyDeviceToHost, s.copy), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(s.copy), cudaSuccess);
  return result;
}

TEST_F(Runtime, MissingEventIsSeen) {
  EXPECT_EQ(copy_after_add(true), 3);
  EXPECT_EQ(copy_after_add(false), 1);  // the copy did not wait for the kernel
}

TEST_F(Runtime, OverwritingWhatIsBeingCopiedIsSeen) {
  TwoStreams s(cudaStreamNonBlocking);
  int* values = device_array(1);
  int result = 0;
  ASSERT_EQ(cudaMemcpyAsync(&result, values, sizeof result, cudaMemcpyDeviceToHost, s.copy), cudaSuccess);
  ASSERT_EQ(add(values, 2, s.compute), cudaSuccess);  // should have waited for the copy
  ASSERT_EQ(cudaStreamSynchronize(s.compute), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(s.copy), cudaSuccess);
  EXPECT_EQ(result, 3);
}

TEST_F(Runtime, DeviceSynchronizeInReverseOrderRunsIndependentWorkBackwards) {
  for (const Order order : {Order::forward, Order::reverse}) {
    reset();
    options.order = order;
    TwoStreams s(cudaStreamNonBlocking);
    int* values = device_array(1);
    ASSERT_EQ(cudaMemsetAsync(values, 0, sizeof(int), s.copy), cudaSuccess);
    ASSERT_EQ(add(values, 2, s.compute), cudaSuccess);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(first(values), order == Order::forward ? 2 : 0);
  }
}

TEST_F(Runtime, TheNullStreamWaitsForBlockingStreamsOnly) {
  for (const unsigned flags : {cudaStreamDefault, cudaStreamNonBlocking}) {
    reset();
    TwoStreams s(flags);
    int* values = device_array(1);
    ASSERT_EQ(add(values, 2, s.compute), cudaSuccess);
    EXPECT_EQ(first(values), flags == cudaStreamDefault ? 3 : 1);
    ASSERT_EQ(cudaMemset(values, 0, sizeof(int)), cudaSuccess);
    ASSERT_EQ(add(values, 2, s.copy), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(s.copy), cudaSuccess);
    EXPECT_EQ(first(values),
              flags == cudaStreamDefault ? 2 : 0);  // a blocking stream waits for the null stream
  }
}

TEST_F(Runtime, QueriesMakeProgress) {
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreate(&event), cudaSuccess);
  int* values = device_array(1);
  ASSERT_EQ(add(values, 2, nullptr), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(event), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
  int queries = 0;
  while (cudaEventQuery(event) == cudaErrorNotReady) ASSERT_LT(++queries, 10);
  EXPECT_EQ(cudaStreamQuery(nullptr), cudaSuccess);
  float milliseconds = -1;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, event, event), cudaSuccess);
  EXPECT_EQ(milliseconds, 0);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
}

TEST_F(Runtime, HostFunctionsRunInTheirTurn) {
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  int calls_made = 0;
  const auto count = [](void* data) { ++*static_cast<int*>(data); };
  ASSERT_EQ(cudaLaunchHostFunc(stream, count, &calls_made), cudaSuccess);
  EXPECT_EQ(calls_made, 0);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(calls_made, 1);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST_F(Runtime, GraphsDoTheirWorkAtEveryStart) {
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  int* values = device_array(1);
  int result = -7;
  ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  EXPECT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaErrorIllegalState);
  ASSERT_EQ(add(values, 2, stream), cudaSuccess);
  ASSERT_EQ(cudaMemcpyAsync(&result, values, sizeof result, cudaMemcpyDeviceToHost, stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported);
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaErrorIllegalState);
  cudaGraphExec_t executable = nullptr;
  ASSERT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
  ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(first(values), 1) << "recording does nothing";
  for (int k = 1; k <= 3; ++k) {
    ASSERT_EQ(cudaGraphLaunch(executable, stream), cudaSuccess);
    EXPECT_EQ(result, k == 1 ? -7 : 1 + 2 * (k - 1));
    ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    EXPECT_EQ(result, 1 + 2 * k);
  }
  EXPECT_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

// ---- memory

TEST_F(Runtime, MemoryRunsOut) {
  machine.memory = 1000;
  void *a = nullptr, *b = nullptr;
  ASSERT_EQ(cudaMalloc(&a, 600), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&b, 401), cudaErrorMemoryAllocation);
  EXPECT_EQ(b, nullptr);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  std::size_t available = 0, total = 0;
  ASSERT_EQ(cudaMemGetInfo(&available, &total), cudaSuccess);
  EXPECT_EQ(available, 400u);
  EXPECT_EQ(total, 1000u);
  ASSERT_EQ(cudaFree(a), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&b, 1000), cudaSuccess);
  EXPECT_EQ(allocated_bytes(), 1000u);
}

TEST_F(Runtime, WrongPointersAndSizesAreRefused) {
  int* values = device_array(1);
  std::vector<int> host(2 * kCount);
  EXPECT_EQ(cudaMemcpy(host.data(), values, (kCount + 1) * sizeof(int), cudaMemcpyDeviceToHost),
            cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host.data(), values, sizeof(int), cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(host.data(), 0, sizeof(int)), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(host.data()), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(values), cudaSuccess);
  EXPECT_EQ(cudaFree(values), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
}

TEST_F(Runtime, PinnedMemoryIsCounted) {
  float* pinned = nullptr;
  ASSERT_EQ(cudaMallocHost(&pinned, 100), cudaSuccess);
  EXPECT_EQ(pinned_bytes(), 100u);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
  EXPECT_EQ(pinned_bytes(), 0u);
}

// ---- launches

TEST_F(Runtime, BadLaunchesAreRefused) {
  int* values = device_array(0);
  EXPECT_EQ(launch(add_kernel, dim3(1), dim3(1025), 0, nullptr, values, kCount, 1),
            cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(add_kernel, dim3(0), dim3(32), 0, nullptr, values, kCount, 1),
            cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(add_kernel, dim3(1, 65536), dim3(32), 0, nullptr, values, kCount, 1),
            cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(bounded_kernel, dim3(1), dim3(64), 48 * 1024 + 4, nullptr, values), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFuncSetAttribute(bounded_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 * 1024),
            cudaSuccess);
  EXPECT_EQ(launch(bounded_kernel, dim3(1), dim3(64), 48 * 1024 + 4, nullptr, values), cudaSuccess);
  EXPECT_EQ(first(values + 5), 5);
#ifdef __CUDACC__  // a host compiler forgets the bounds
  EXPECT_EQ(launch(bounded_kernel, dim3(1), dim3(65), 1024, nullptr, values), cudaErrorInvalidValue);
#endif
}

TEST_F(Runtime, ADeadKernelIsReportedEverAfter) {
  int* values = device_array(0);
  ASSERT_EQ(launch(broken_kernel, dim3(1), dim3(32), 0, nullptr, values), cudaSuccess);  // not yet
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_TRUE(contains(last_message(), "runtime_test.cu:")) << last_message();
  void* more = nullptr;
  EXPECT_EQ(cudaMalloc(&more, 4), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  reset();
  EXPECT_EQ(first(device_array(8)), 8);
}

// ---- planted failures

/// A small piece of a backend; returns the first error.
cudaError_t piece_of_work() {
  int* values = nullptr;
  int* staging = nullptr;
  int result = 0;
  cudaStream_t stream = nullptr;
  cudaError_t error = cudaSetDevice(0);
  const auto then = [&](cudaError_t e) {
    if (error == cudaSuccess) error = e;
    return error == cudaSuccess;
  };
  if (then(error) && then(cudaStreamCreate(&stream)) && then(cudaMalloc(&values, kCount * sizeof(int))) &&
      then(cudaMallocHost(&staging, sizeof(int))) &&
      then(cudaMemsetAsync(values, 0, kCount * sizeof(int), stream)) && then(add(values, 1, stream)) &&
      then(add(values, 2, stream)) &&
      then(cudaMemcpyAsync(staging, values, sizeof(int), cudaMemcpyDeviceToHost, stream)) &&
      then(cudaStreamSynchronize(stream))) {
    result = *staging;
  }
  if (staging) then(cudaFreeHost(staging));
  if (values) then(cudaFree(values));
  if (stream) {
    const cudaError_t destroyed = cudaStreamDestroy(stream);
    if (destroyed != cudaSuccess) cudaStreamDestroy(stream);
    then(destroyed);
  }
  EXPECT_EQ(result, error == cudaSuccess || result != 0 ? 3 : 0);
  return error;
}

TEST_F(Runtime, EveryCallCanBeMadeToFail) {
  ASSERT_EQ(piece_of_work(), cudaSuccess);
  const long all = calls();
  EXPECT_EQ(all, 12);
  EXPECT_EQ(calls("launch"), 2);
  EXPECT_EQ(calls("cudaMalloc"), 1);
  for (long n = 1; n <= all + 1; ++n) {
    reset();
    plant({.function = "", .nth = n, .error = cudaErrorUnknown});
    EXPECT_EQ(piece_of_work(), n <= all ? cudaErrorUnknown : cudaSuccess) << n;
  }
}

TEST_F(Runtime, TheNthCallOfAFunctionFails) {
  plant({.function = "cudaMalloc", .nth = 2});
  void *a = nullptr, *b = nullptr;
  EXPECT_EQ(cudaMalloc(&a, 4), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&b, 4), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&b, 4), cudaSuccess);

  plant({.function = "launch", .nth = 2, .error = cudaErrorLaunchOutOfResources});
  int* values = device_array(0);
  EXPECT_EQ(add(values, 1, nullptr), cudaSuccess);
  EXPECT_EQ(add(values, 1, nullptr), cudaErrorLaunchOutOfResources);
  EXPECT_EQ(first(values), 1);

  plant({.function = "kernel", .nth = 1, .error = cudaErrorIllegalAddress});
  EXPECT_EQ(add(values, 1, nullptr), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaMemset(values, 0, 4), cudaErrorIllegalAddress);
}

// ---- machines

TEST_F(Runtime, MachinesWithoutAUsableDevice) {
  int count = -1, version = -1;
  machine.devices = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
  EXPECT_EQ(count, 0);

  machine = {};
  machine.driver_version = 12020;  // older than the runtime
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaDriverGetVersion(&version), cudaSuccess);
  EXPECT_EQ(version, 12020);

  machine.driver_version = 0;  // none
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaDriverGetVersion(&version), cudaSuccess);
  EXPECT_EQ(version, 0);
  EXPECT_STREQ(cudaGetErrorName(cudaErrorInsufficientDriver), "cudaErrorInsufficientDriver");
}

TEST_F(Runtime, DevicesAreAsTheTestSays) {
  machine.devices = 2;
  machine.memory = 12345678;
  machine.major = 9;
  machine.minor = 0;
  machine.multiprocessors = 132;
  int count = 0;
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 2);
  cudaDeviceProp properties;
  ASSERT_EQ(cudaGetDeviceProperties(&properties, 1), cudaSuccess);
  EXPECT_EQ(properties.totalGlobalMem, 12345678u);
  EXPECT_EQ(properties.major, 9);
  EXPECT_EQ(properties.multiProcessorCount, 132);
  EXPECT_GT(std::strlen(properties.name), 0u);
  EXPECT_EQ(cudaGetDeviceProperties(&properties, 2), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  int device = 0;
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 1);
}

}  // namespace
}  // namespace cuda_on_host
