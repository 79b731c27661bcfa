/// Splitting CSV text (RFC 4180, with `#` comments) into records of fields.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace starling {

/// Walks over the records of a text that outlives it. Blank lines and lines that begin with `#` are skipped;
/// fields may be quoted, then they may hold commas, line ends and doubled quotes; blanks around fields are
/// dropped; lines end with LF, CRLF or CR LF mixed.
class CsvRecords {
 public:
  /// `name`: how messages call the text.
  CsvRecords(std::string_view text, std::string name);

  /// Reads the next record into fields(); false at the end. Throws InputError for broken quotes.
  bool next();

  [[nodiscard]] const std::vector<std::string_view>& fields() const { return fields_; }
  [[nodiscard]] std::size_t line() const { return line_; }  ///< where the record begins, from 1

 private:
  void split_plain(std::string_view record);
  void split_quoted();
  std::string_view quoted_field();
  std::string_view line_at(std::size_t position) const;

  std::string_view text_;
  std::string name_;
  std::size_t position_ = 0;
  std::size_t line_ = 0;       // of the record
  std::size_t next_line_ = 1;  // of position_
  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;  // quoted fields that had to be changed; a deque keeps views valid
};

/// The text without blanks at its ends.
std::string_view trimmed(std::string_view text);

}  // namespace starling
