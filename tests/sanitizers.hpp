/// Whether the tests were compiled with a sanitizer that changes what a process may do.
#pragma once

#ifdef __has_feature
#define STARLING_HAS_FEATURE(feature) __has_feature(feature)
#else
#define STARLING_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || STARLING_HAS_FEATURE(address_sanitizer)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#if defined(__SANITIZE_THREAD__) || STARLING_HAS_FEATURE(thread_sanitizer)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
