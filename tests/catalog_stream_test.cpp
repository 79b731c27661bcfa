// CSV files larger than what is read at once: nothing may depend on where one block of text ends and the next
// begins.
#include <fmt/format.h>

#include "catalog/csv_records.hpp"
#include "catalog/sha256.hpp"
#include "catalog/text_blocks.hpp"
#include "catalog_support.hpp"
#include "starling/catalog.hpp"

namespace {

using namespace catalog_test;
using starling::Catalog;
using starling::CsvRecords;
using starling::read_csv;
using starling::TextBlocks;
using Record = std::vector<std::string>;

Record copied(const CsvRecords& records) {
  Record record{std::to_string(records.line())};
  for (const auto& field : records.fields()) record.emplace_back(field);
  return record;
}

std::vector<Record> at_once(const std::string& text) {
  std::vector<Record> all;
  CsvRecords records(text, "text");
  while (records.next()) all.push_back(copied(records));
  return all;
}

using Streaming = InFolder;

TEST_F(Streaming, BlocksOfAnySizeGiveTheSameRecords) {
  const std::string text =
      "\xEF\xBB\xBFid,x\r\n# \"comment\r\n\r\n\"a,\"\"b\"\"\",1\r\n\"two\r\nlines\" , 2\r\n plain,3\n\n5\" "
      "disk,4\n"
      "\"\",5\n\"a \"\"\n\n\"\"\n\",6\nend,\"7\"";
  for (const char* end : {"", "\n", "\r\n", "\n\n", "\n# end", "\n "}) {
    const auto whole = at_once(text + end);
    ASSERT_EQ(whole.size(), 8U);
    const auto path = file("text.csv", text + end);
    for (std::size_t size = 4; size < text.size() + 10; ++size) {
      TextBlocks blocks(path, size);
      std::vector<Record> read;
      std::size_t line = 1;
      for (;;) {
        CsvRecords records(blocks.text(), "text", line, blocks.last());
        while (records.next()) read.push_back(copied(records));
        line = records.next_line();
        if (blocks.last()) break;
        blocks.advance(records.position());
      }
      ASSERT_EQ(read, whole) << "blocks of " << size << " bytes";
      EXPECT_EQ(blocks.hash(), starling::sha256_hex(text + end));
    }
  }
}

/// 30 MB: several blocks, each shared among threads.
std::string large(std::size_t rows, const char* line_end, const std::function<std::string(std::size_t)>& id) {
  std::string text = std::string("id,x,sigma,z") + line_end;
  for (std::size_t i = 0; i < rows; ++i) {
    text += fmt::format("{},{},{},-0.12345678901234567{}", id(i), i, i % 7 + 1, i + 1 < rows ? line_end : "");
  }
  return text;
}

void expect_rows(const Catalog& c, std::size_t rows, const std::function<std::string(std::size_t)>& id) {
  ASSERT_EQ(c.size(), rows);
  for (std::size_t i = 0; i < rows; ++i) {
    ASSERT_EQ(c.x[i], static_cast<double>(i));
    ASSERT_EQ(c.sigma[i], static_cast<double>(i % 7 + 1));
    ASSERT_EQ(c.column("z")[i], -0.12345678901234567);
    ASSERT_EQ(c.id[i], id(i));
  }
}

TEST_F(Streaming, LargeFilesKeepTheirRowsInOrder) {
  const auto id = [](std::size_t i) { return fmt::format("NGC{}", i); };
  for (const char* line_end : {"\n", "\r\n"}) {
    const std::string text = large(600'000, line_end, id);  // the last line has no end
    const Catalog c = read_csv(file("large.csv", text), {.columns = {{"z", "z"}}});
    expect_rows(c, 600'000, id);
    EXPECT_EQ(c.hash, starling::sha256_hex(text));
    EXPECT_LT(c.x.capacity(), 700'000U);  // reserved by the size of the file, not doubled
  }
}

TEST_F(Streaming, QuotedLineEndsMayLieOnBordersOfBlocks) {
  // long fields of many lines, so that blocks of 8 MiB end within them
  const auto plain = [](std::size_t i) { return fmt::format("{}", i); };
  const auto quoted = [&](std::size_t i) {
    std::string text = plain(i);
    if (i % 90'000 == 1) {
      for (int k = 0; k < 200'000; ++k) text += "x,\"\n\r\n 1,2\n";
    }
    return text;
  };
  const auto written = [&](std::size_t i) {
    std::string text = quoted(i), field = "\"";
    if (text.size() < 20) return text;
    for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
    return field + "\"";
  };
  const Catalog c = read_csv(file("large.csv", large(400'000, "\n", written)), {.columns = {{"z", "z"}}});
  expect_rows(c, 400'000, quoted);
}

TEST_F(Streaming, RowsInsideAQuotedFieldAreNoRows) {
  std::string inside = "first";  // longer than the piece of a thread
  for (int k = 0; k < 300'000; ++k) inside += "\nb,1,1,0";
  inside += "\nlast";
  const auto id = [&](std::size_t i) { return i == 5 ? inside : fmt::format("{}", i); };
  const auto quoted = [&](std::size_t i) { return i == 5 ? '"' + inside + '"' : id(i); };
  expect_rows(read_csv(file("large.csv", large(100'000, "\n", quoted)), {.columns = {{"z", "z"}}}), 100'000,
              id);
}

TEST_F(Streaming, ErrorsNameTheRowWhereverItLies) {
  std::string text = "x\n";
  for (int i = 0; i < 3'000'000; ++i) text += i == 2'500'000 ? "# note\noops\n" : "1234567\n";
  const auto path = file("large.csv", text);
  expect_input_error([&] { read_csv(path); }, "row 2500000 \\(line 2500003\\), column 'x': 'oops' is not");
  text.replace(text.find("oops"), 4, "1,23");
  expect_input_error([&] { read_csv(file("large.csv", text)); },
                     "row 2500000 \\(line 2500003\\) has 2 fields, expected 1");
  text.replace(text.find("1,23"), 4, "nan ");
  std::vector<std::string> notes;
  EXPECT_EQ(read_csv(file("large.csv", text), {.drop_bad_rows = true}, &notes).size(), 2'999'999U);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("dropped 1 of 3000000 rows"), std::string::npos) << notes[0];
  EXPECT_NE(notes[0].find("row 2500000 (from 0)"), std::string::npos) << notes[0];
  expect_input_error([&] { read_csv(file("large.csv", text + "\"open,1\n2,3\n"), {.drop_bad_rows = true}); },
                     "line 3000003: a quoted field that begins here is never closed");
}

}  // namespace
