// The tables of starling-bench, as plain text.
#include <fmt/format.h>

#include <map>
#include <set>

#include "measurements.hpp"

namespace starling::bench {
namespace {

constexpr std::size_t kLabel = 26, kSize = 10, kCell = 18;

struct Row {
  std::vector<const Measurement*> cells;  ///< by subject; null: nothing was asked for
};

/// Entries of one kind by (work, objects), in the order in which they were registered.
std::vector<Row> rows_of(const Measurements& results, std::size_t subjects, bool fits) {
  std::vector<Row> rows;
  std::map<std::pair<std::string, std::uint64_t>, std::size_t> where;
  for (const Measurement& m : results) {
    if (m.is_fit != fits) continue;
    const auto [it, added] = where.try_emplace({m.label(), m.objects}, rows.size());
    if (added) rows.push_back({std::vector<const Measurement*>(subjects)});
    rows[it->second].cells[m.subject] = &m;
  }
  return rows;
}

const Measurement& any_of(const Row& row) {
  for (const Measurement* m : row.cells)
    if (m != nullptr) return *m;
  throw std::logic_error("a row without entries");
}

bool measured(const Measurement* m) {
  return m != nullptr && m->measured();
}

/// Share of the nearest of the machine's limits, as "45%f": f for arithmetic, d for divisions, m for memory.
std::string fraction(const Measurement& m, const Limits& limits) {
  if (limits.fma_per_second <= 0) return "";
  const double per_second = m.elements / m.seconds;
  const std::pair<double, char> shares[] = {
      {per_second * m.operations.arithmetic / limits.fma_per_second, 'f'},
      {per_second * m.operations.divided / limits.divisions_per_second, 'd'},
      {per_second * m.bytes / limits.read_bytes_per_second, 'm'}};
  const auto nearest = *std::max_element(std::begin(shares), std::end(shares));
  return fmt::format("{:.0f}%{}", 100 * nearest.first, nearest.second);
}

std::string head(const std::string& first, const std::vector<std::string>& columns) {
  std::string text = fmt::format("{:<{}}{:>{}}", first, kLabel, "objects", kSize);
  for (const auto& c : columns) text += fmt::format("{:>{}}", c.substr(0, kCell - 1), kCell);
  return text + "\n";
}

std::vector<std::string> subject_columns(const Subjects& subjects, bool fits) {
  std::vector<std::string> columns;
  for (const Subject& s : subjects.list)
    if (!fits || s.runs_fits) columns.push_back(s.name);
  if (!subjects.why_no_gpu.empty()) columns.push_back("GPU");
  return columns;
}

std::string limits_table(const Subjects& subjects) {
  std::string text = "Limits of this machine, by small probes of our own\n";
  text += fmt::format("{:<32}{:>22}{:>16}{:>16}\n", "", "fused multiply-adds", "divisions", "memory read");
  for (const Subject& s : subjects.list) {
    if (s.limits.fma_per_second <= 0) continue;
    text += fmt::format("{:<32}{:>18.2f} G/s{:>12.2f} G/s{:>11.2f} GB/s\n", s.name,
                        s.limits.fma_per_second * 1e-9, s.limits.divisions_per_second * 1e-9,
                        s.limits.read_bytes_per_second * 1e-9);
  }
  if (!subjects.why_no_gpu.empty()) text += fmt::format("no GPU: {}\n", subjects.why_no_gpu);
  return text;
}

std::string kernel_table(const Subjects& subjects, const std::vector<Row>& rows) {
  std::string text =
      "Kernels: nanoseconds per element, and the share of the measured limit that is reached\n" +
      head("", subject_columns(subjects, false));
  for (const Row& row : rows) {
    const Measurement& any = any_of(row);
    text += fmt::format("{:<{}}{:>{}}", any.label(), kLabel, any.objects, kSize);
    for (std::size_t s = 0; s < row.cells.size(); ++s) {
      const Measurement* m = row.cells[s];
      text += fmt::format(
          "{:>{}}",
          measured(m) ? fmt::format("{:.3g} {:>6}", m->nanoseconds(), fraction(*m, subjects.list[s].limits))
                      : "-",
          kCell);
    }
    if (!subjects.why_no_gpu.empty()) text += fmt::format("{:>{}}", "no GPU", kCell);
    text += "\n";
  }
  return text;
}

std::string elements_table(const std::vector<Row>& rows) {
  std::string text = "What an element is, and what it needs\n";
  text += fmt::format("{:<{}}{:<30}{:>12}{:>12}{:>10}{:>8}\n", "", kLabel, "element", "arithmetic",
                      "divisions", "other", "bytes");
  std::set<std::string> seen;
  for (const Row& row : rows) {
    const Measurement& m = any_of(row);
    if (seen.insert(m.work).second)
      text += fmt::format("{:<{}}{:<30}{:>12.2f}{:>12.2f}{:>10.2f}{:>8.1f}\n", m.work, kLabel, m.unit,
                          m.operations.arithmetic, m.operations.divided, m.operations.other, m.bytes);
  }
  return text +
         "Operations are counted by running the formulas on a number type that counts. Arithmetic "
         "(additions,\n"
         "multiplications, fused ones; of words only multiplications) is set against the fused multiply-adds "
         "that\n"
         "the machine can do: 'f' in the table. Divisions and square roots: 'd'. Bytes pass between memory "
         "and\n"
         "processor once per element: 'm', above 100% where a cache holds the data; objects and samples are "
         "read\n"
         "once for all walkers and not counted. Other operations (comparisons, selections, conversions, "
         "words)\n"
         "have no limit of their own here.\n";
}

std::string fit_table(const Subjects& subjects, const std::vector<Row>& rows) {
  std::string text = "Whole fits: seconds of sampling (nanoseconds per element)\n" +
                     head("sweeps x fit", subject_columns(subjects, true));
  for (const Row& row : rows) {
    const Measurement& any = any_of(row);
    text += fmt::format("{:>4} {:<{}}{:>{}}", any.sweeps, any.work, kLabel - 5, any.objects, kSize);
    for (std::size_t s = 0; s < row.cells.size(); ++s) {
      if (!subjects.list[s].runs_fits) continue;
      const Measurement* m = row.cells[s];
      text += fmt::format(
          "{:>{}}", measured(m) ? fmt::format("{:.3g} ({:.2g})", m->seconds, m->nanoseconds()) : "-", kCell);
    }
    if (!subjects.why_no_gpu.empty()) text += fmt::format("{:>{}}", "no GPU", kCell);
    text += "\n";
  }
  return text;
}

/// Of fits that are long enough.
std::string efficiency_table(const Subjects& subjects, const std::vector<Row>& rows) {
  std::string text =
      "Whole fits: effective draws per second of the slower hyperparameter (of the slowest latent); burn-in "
      "counts\n" +
      head("", subject_columns(subjects, true));
  bool any = false;
  for (const Row& row : rows) {
    if (std::none_of(row.cells.begin(), row.cells.end(),
                     [](const Measurement* m) { return m != nullptr && !std::isnan(m->theta_ess); }))
      continue;
    any = true;
    text += fmt::format("{:<{}}{:>{}}", any_of(row).work, kLabel, any_of(row).objects, kSize);
    for (std::size_t s = 0; s < row.cells.size(); ++s) {
      if (!subjects.list[s].runs_fits) continue;
      const Measurement* m = row.cells[s];
      std::string cell = "-";
      if (m != nullptr && !std::isnan(m->theta_ess)) cell = fmt::format("{:.0f}", m->theta_ess);
      if (m != nullptr && !std::isnan(m->latent_ess)) cell += fmt::format(" ({:.0f})", m->latent_ess);
      text += fmt::format("{:>{}}", cell, kCell);
    }
    if (!subjects.why_no_gpu.empty()) text += fmt::format("{:>{}}", "no GPU", kCell);
    text += "\n";
  }
  return any ? text + "\n" : "";
}

/// The fastest CPU entry against every GPU.
std::string comparison_table(const Subjects& subjects, const std::vector<Row>& rows) {
  std::vector<std::size_t> gpus;
  for (std::size_t s = 0; s < subjects.list.size(); ++s)
    if (!subjects.list[s].is_cpu()) gpus.push_back(s);
  std::vector<std::string> columns{"CPU"};
  for (const std::size_t g : gpus) {
    columns.push_back(subjects.list[g].name);
    columns.emplace_back("CPU / GPU");
  }
  if (gpus.empty()) columns.insert(columns.end(), {"GPU", "CPU / GPU"});
  std::string text =
      "CPU against GPU: nanoseconds per element, the CPU with what is fastest on it\n" + head("", columns);
  for (const Row& row : rows) {
    double cpu = std::numeric_limits<double>::infinity();
    for (std::size_t s = 0; s < row.cells.size(); ++s)
      if (subjects.list[s].is_cpu() && measured(row.cells[s]))
        cpu = std::min(cpu, row.cells[s]->nanoseconds());
    if (!std::isfinite(cpu)) continue;
    const Measurement& any = any_of(row);
    text += fmt::format("{:<{}}{:>{}}{:>{}.4f}", any.work, kLabel, any.objects, kSize, cpu, kCell);
    if (gpus.empty()) text += fmt::format("{:>{}}{:>{}}", "no GPU", kCell, "-", kCell);
    for (const std::size_t g : gpus) {
      const Measurement* m = row.cells[g];
      if (measured(m))
        text += fmt::format("{:>{}.5f}{:>{}.1f}", m->nanoseconds(), kCell, cpu / m->nanoseconds(), kCell);
      else
        text += fmt::format("{:>{}}{:>{}}", "-", kCell, "-", kCell);
    }
    text += "\n";
  }
  if (!subjects.why_no_gpu.empty()) text += fmt::format("no GPU: {}\n", subjects.why_no_gpu);
  return text;
}

/// Why cells are empty.
std::string left_out(const Measurements& results) {
  std::set<std::string> reasons;
  for (const Measurement& m : results)
    if (!m.skipped.empty()) reasons.insert(m.skipped);
  std::string text;
  for (const auto& r : reasons) text += "left out: " + r + "\n";
  return text;
}

}  // namespace

std::string tables(const Options& options, const Subjects& subjects, const Measurements& results) {
  const auto kernels = rows_of(results, subjects.list.size(), false);
  const auto fits = rows_of(results, subjects.list.size(), true);
  auto both = kernels;
  both.insert(both.end(), fits.begin(), fits.end());
  return limits_table(subjects) + "\n" + kernel_table(subjects, kernels) +
         fmt::format(
             "Kernels run for {} walkers side by side, or as many as after the x; the fastest run "
             "counts.\n\n",
             options.walkers) +
         elements_table(kernels) + "\n" + fit_table(subjects, fits) + "\n" +
         efficiency_table(subjects, fits) + comparison_table(subjects, both) + "\n" + left_out(results);
}

}  // namespace starling::bench
