/* Driver profiles: any text is refused with one sentence, or is a profile within its limits. */
#include "tickcapd/profile.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct tc_profile profile;
    struct tc_arena arena = {0};
    struct tc_error error = {0};
    enum tc_status status = tc_profile_read(&profile, fuzz_file(bytes, length), &arena, &error);

    if (status == TC_OK)
        FUZZ_MUST(profile.burst >= 1 && profile.burst <= TC_BURST_MAX && profile.descriptors >= 1 &&
                      memchr(profile.devargs, 0, sizeof profile.devargs) != NULL,
                  "a profile is beyond its limits");
    else
        FUZZ_MUST(status == TC_USAGE && strlen(error.text) > 10 && strchr(error.text, '\n') == NULL,
                  "refused without one sentence");
    tc_arena_free(&arena);
    return 0;
}
