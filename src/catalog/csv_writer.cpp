/// Writing catalogs as CSV text.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "catalog/csv_records.hpp"
#include "catalog/files.hpp"
#include "starling/catalog.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

}  // namespace

void write_csv(const std::filesystem::path& path, const Catalog& catalog, const std::vector<double>& truth) {
  const File file(path == "-" ? stdout : std::fopen(path.c_str(), "wb"),
                  path == "-" ? [](std::FILE* f) { return std::fflush(f); } : std::fclose);
  if (!file) throw RunError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  std::string text;
  bool row_begins = true;
  const auto column = [&](bool present, std::string_view value) {
    if (!present) return;
    if (!row_begins) text += ',';
    text += value;
    row_begins = false;
  };
  const auto end_row = [&] {
    text += '\n';
    row_begins = true;
  };
  const auto quoted = [](const std::string& value) {
    if (value.find_first_of(",\"\n\r#") == std::string::npos && trimmed(value).size() == value.size())
      return value;
    std::string result = "\"";
    for (const char c : value) result += c == '"' ? std::string("\"\"") : std::string(1, c);
    return result + '"';
  };
  const auto number = [](double value) { return fmt::format("{:.17g}", value); };
  const auto flush = [&] {
    if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0) {
      throw RunError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
    }
    text.clear();
  };
  const bool has_id = !catalog.id.empty(), has_sigma = !catalog.sigma.empty(),
             has_weight = !catalog.weight.empty();
  column(has_id, "id");
  column(true, "x");
  column(has_sigma, "sigma");
  column(has_weight, "weight");
  for (const auto& [role, values] : catalog.columns) column(true, role);
  column(!truth.empty(), "mu");
  end_row();
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    column(has_id, has_id ? quoted(catalog.id[i]) : "");
    column(true, number(catalog.x[i]));
    column(has_sigma, has_sigma ? number(catalog.sigma_of(i)) : "");
    column(has_weight, has_weight ? number(catalog.weight[i]) : "");
    for (const auto& [role, values] : catalog.columns) column(true, number(values[i]));
    column(!truth.empty(), truth.empty() ? "" : number(truth[i]));
    end_row();
    if (text.size() > 1 << 20) flush();
  }
  flush();
}

}  // namespace starling
