/// SHA-256 of what was read, so that a chain can tell whether it meets the same catalog again.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace starling {

class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  /// Digest of everything so far, 64 lower-case hex digits. Call it once.
  std::string hex();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

std::string sha256_hex(std::string_view bytes);

/// Of a file's bytes. Throws InputError where it cannot be read.
std::string hash_of_file(const std::filesystem::path& path);

}  // namespace starling
