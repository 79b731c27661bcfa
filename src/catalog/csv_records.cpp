/// Splitting CSV text: lines without quotes go the quick way.
#include "catalog/csv_records.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "starling/error.hpp"

namespace starling {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

CsvRecords::CsvRecords(std::string_view text, std::string name, std::size_t first_line, bool whole)
    : text_(text), name_(std::move(name)), next_line_(first_line), whole_(whole) {
  if (first_line == 1 && text_.starts_with("\xEF\xBB\xBF")) position_ = 3;  // UTF-8 byte order mark
}

std::string_view CsvRecords::line_at(std::size_t position) const {
  const auto end = text_.find('\n', position);
  return text_.substr(position, end == std::string_view::npos ? end : end - position);
}

bool CsvRecords::next() {
  fields_.clear();
  if (!unquoted_.empty()) unquoted_.clear();
  while (position_ < text_.size()) {
    const std::string_view whole = line_at(position_);
    const bool ends_here = position_ + whole.size() == text_.size();
    if (ends_here && !whole_) return false;
    const std::string_view line = trimmed(whole);
    line_ = next_line_;
    if (!line.empty() && line.front() != '#') {
      if (line.find('"') != std::string_view::npos) return split_quoted();
      position_ = std::min(position_ + whole.size() + 1, text_.size());
      ++next_line_;
      split_plain(line);
      return true;
    }
    position_ = std::min(position_ + whole.size() + 1, text_.size());
    ++next_line_;
  }
  return false;
}

/// Back to where a record begins that may go on beyond the text.
bool CsvRecords::step_back(std::size_t position, std::size_t line) {
  position_ = position;
  next_line_ = line;
  fields_.clear();
  return false;
}

void CsvRecords::split_plain(std::string_view record) {
  for (;;) {
    const auto comma = record.find(',');
    fields_.push_back(trimmed(record.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    record.remove_prefix(comma + 1);
  }
}

bool CsvRecords::split_quoted() {
  const std::size_t begin = position_, line = next_line_;
  for (;;) {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t')) ++position_;
    if (position_ < text_.size() && text_[position_] == '"') {
      const auto field = quoted_field();
      if (!field) return step_back(begin, line);
      fields_.push_back(*field);
    } else {
      const auto end = std::min(text_.find_first_of(",\n", position_), text_.size());
      fields_.push_back(trimmed(text_.substr(position_, end - position_)));
      position_ = end;
    }
    if (position_ >= text_.size()) return whole_ || step_back(begin, line);
    const char stop = text_[position_++];
    if (stop == '\n') {
      ++next_line_;
      return true;
    }
  }
}

/// Reads from the opening quote to the comma or line end after the closing one; none if the text, which isn't
/// whole, ends before.
std::optional<std::string_view> CsvRecords::quoted_field() {
  const std::size_t opened_at = next_line_;
  const std::size_t begin = ++position_;
  bool doubled = false;
  for (;;) {
    if (position_ >= text_.size()) {
      if (!whole_) return std::nullopt;
      throw InputError(
          fmt::format("{}: line {}: a quoted field that begins here is never closed", name_, opened_at));
    }
    const char c = text_[position_];
    if (c == '\n') ++next_line_;
    if (c == '"') {
      if (position_ + 1 < text_.size() && text_[position_ + 1] == '"') {
        doubled = true;
        ++position_;
      } else {
        break;
      }
    }
    ++position_;
  }
  std::string_view field = text_.substr(begin, position_ - begin);
  ++position_;
  const auto end = std::min(text_.find_first_of(",\n", position_), text_.size());
  if (!trimmed(text_.substr(position_, end - position_)).empty()) {
    throw InputError(fmt::format("{}: line {}: text after the closing quote of \"{}\", expected a comma",
                                 name_, next_line_, field));
  }
  position_ = end;
  if (!doubled) return field;
  std::string& plain = unquoted_.emplace_back();
  for (std::size_t i = 0; i < field.size(); ++i) {
    plain += field[i];
    if (field[i] == '"') ++i;
  }
  return plain;
}

}  // namespace starling
