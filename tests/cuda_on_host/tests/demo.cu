// The demo kernels' host side, written as a backend's.
#include <cmath>

#include "demo.hpp"
#include "demo_kernels.cuh"

namespace demo {
namespace {

using starling::cuda::launch;

struct Problem {
  std::vector<float> x, mu;
  std::vector<Theta> theta;
};

Problem problem() {
  Problem p;
  for (unsigned i = 0; i < kObjects; ++i) p.x.push_back(3 * std::sin(static_cast<float>(i)));
  for (unsigned w = 0; w < kWalkers; ++w) {
    p.theta.push_back({0.1f * static_cast<float>(w), 1 + 0.2f * static_cast<float>(w)});
    p.mu.insert(p.mu.end(), p.x.begin(), p.x.end());
  }
  return p;
}

constexpr float kLow = -2, kScale = 16;
constexpr unsigned kStep = 7;

template <class T>
T* upload(const std::vector<T>& values) {
  T* pointer = nullptr;
  if (cudaMalloc(&pointer, values.size() * sizeof(T)) != cudaSuccess) return nullptr;
  cudaMemcpy(pointer, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice);
  return pointer;
}

template <int kBug>
Result run_kernels() {
  const Problem p = problem();
  constexpr unsigned kTiles = (kObjects + kTile - 1) / kTile;
  float *x = upload(p.x), *mu = upload(p.mu);
  Theta* theta = upload(p.theta);
  Sums* partial = upload(std::vector<Sums>(kWalkers * kTiles));
  unsigned* bins = upload(std::vector<unsigned>(kBins + 1));
  Result r;
  const auto check = [&](cudaError_t e) {
    if (e != cudaSuccess && r.error.empty()) r.error = cudaGetErrorName(e);
  };
  check(launch(update_kernel<kBug>, dim3(kTiles, kWalkers), dim3(kThreads), 0, nullptr, x, mu, theta,
               kObjects, kTile, kStep, partial));
  check(launch(histogram_kernel<kBug>, dim3(3), dim3(kThreads), kBins * sizeof(unsigned), nullptr, mu,
               kObjects, kLow, kScale, bins, bins + kBins));
  std::vector<Sums> sums(kWalkers * kTiles);
  r.mu.resize(p.mu.size());
  r.histogram.resize(kBins + 1);
  check(cudaMemcpy(sums.data(), partial, sums.size() * sizeof(Sums), cudaMemcpyDeviceToHost));
  check(cudaMemcpy(r.mu.data(), mu, r.mu.size() * sizeof(float), cudaMemcpyDeviceToHost));
  check(cudaMemcpy(r.histogram.data(), bins, r.histogram.size() * sizeof(unsigned), cudaMemcpyDeviceToHost));
  r.inside = r.histogram.back();
  r.histogram.pop_back();
  r.sums.assign(kWalkers * 3, 0);
  for (unsigned k = 0; k < kWalkers * kTiles; ++k) {
    double* s = &r.sums[k / kTiles * 3];
    s[0] += sums[k].accepted;
    s[1] += sums[k].sum;
    s[2] += sums[k].sum_of_squares;
  }
  cudaFree(x);
  cudaFree(mu);
  cudaFree(theta);
  cudaFree(partial);
  cudaFree(bins);
  return r;
}

}  // namespace

Result run(int bug) {
  switch (bug) {
    case 1:
      return run_kernels<1>();
    case 2:
      return run_kernels<2>();
    case 3:
      return run_kernels<3>();
    case 4:
      return run_kernels<4>();
    case 5:
      return run_kernels<5>();
    case 6:
      return run_kernels<6>();
    case 7:
      return run_kernels<7>();
    default:
      return run_kernels<0>();
  }
}

Result plain_loop() {
  const Problem p = problem();
  Result r;
  r.mu = p.mu;
  r.sums.assign(kWalkers * 3, 0);
  r.histogram.assign(kBins, 0);
  for (unsigned w = 0; w < kWalkers; ++w) {
    double* s = &r.sums[w * 3];
    for (unsigned i = 0; i < kObjects; ++i) {
      bool accepted = false;
      float& m = r.mu[w * kObjects + i];
      m = update_latent(p.x[i], m, p.theta[w], draw(kStep, w, i), accepted);
      s[0] += accepted;
      s[1] += m;
      s[2] += static_cast<double>(m) * m;
      const float f = (m - kLow) * kScale;
      if (w > 0 || f < 0 || f >= static_cast<float>(kBins)) continue;
      ++r.histogram[static_cast<unsigned>(f)];
      ++r.inside;
    }
  }
  return r;
}

bool agree(const Result& a, const Result& b) {
  if (a.sums.size() != b.sums.size()) return false;
  for (std::size_t k = 0; k < a.sums.size(); ++k) {
    if (!(std::abs(a.sums[k] - b.sums[k]) <= 1e-12 * (1 + std::abs(b.sums[k])))) return false;
  }
  return a.mu == b.mu && a.histogram == b.histogram && a.inside == b.inside;
}

}  // namespace demo
