/// Suggestions for misspelt names: the nearest known word by optimal string alignment distance, that is
/// Levenshtein with swaps of neighbours (Damerau 1964), blind to case.
#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model.hpp"

namespace starling {
namespace {

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string wanted = lower_case(word);
  const std::string* best = nullptr;
  std::size_t best_distance = 0;
  for (const std::string& candidate : known) {
    const std::string name = lower_case(candidate);
    const bool abbreviated = wanted.size() >= 2 && name.starts_with(wanted);
    const std::size_t d = abbreviated && name != wanted ? 1 : distance(wanted, name);
    // Farther than about a third of the word is another word, not a slip.
    const std::size_t limit = std::max<std::size_t>(1, std::max(wanted.size(), name.size()) / 3);
    if (d <= limit && d < name.size() && (best == nullptr || d < best_distance)) {
      best = &candidate;
      best_distance = d;
    }
  }
  return best == nullptr ? "" : " (did you mean '" + *best + "'?)";
}

}  // namespace starling
