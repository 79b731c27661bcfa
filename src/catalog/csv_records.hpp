/// Splitting CSV text (RFC 4180, with `#` comments) into records of fields.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling {

/// Walks over the records of a text that outlives it. Blank lines and lines that begin with `#` are skipped;
/// fields may be quoted, then they may hold commas, line ends and doubled quotes; blanks around fields are
/// dropped; lines end with LF, CRLF or CR LF mixed.
class CsvRecords {
 public:
  /// `name`: how messages call the text. `first_line`: the number of its first line in the file, for text
  /// from the middle of one; `whole`: the file ends with the text.
  CsvRecords(std::string_view text, std::string name, std::size_t first_line = 1, bool whole = true);

  /// Reads the next record into fields(); false at the end, and where the record may go on beyond a text that
  /// is not whole. Throws InputError for broken quotes.
  bool next();

  [[nodiscard]] const std::vector<std::string_view>& fields() const { return fields_; }
  [[nodiscard]] std::size_t line() const { return line_; }            ///< where the record begins, from 1
  [[nodiscard]] std::size_t position() const { return position_; }    ///< of what was not read
  [[nodiscard]] std::size_t next_line() const { return next_line_; }  ///< its line

 private:
  void split_plain(std::string_view record);
  bool split_quoted();
  std::optional<std::string_view> quoted_field();
  bool step_back(std::size_t position, std::size_t line);
  std::string_view line_at(std::size_t position) const;

  std::string_view text_;
  std::string name_;
  std::size_t position_ = 0;
  std::size_t line_ = 0;       // of the record
  std::size_t next_line_ = 1;  // of position_
  bool whole_ = true;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;  // quoted fields that had to be changed; a deque keeps views valid
};

/// The text without blanks at its ends.
std::string_view trimmed(std::string_view text);

}  // namespace starling
