/*
 * What LeakSanitizer is not to tell of.
 *
 * libfyaml 0.7.12 loses the buffer in which it puts together a quoted word of many pieces: some
 * kilobytes for a file that is read once. Only that one place is passed over, so that what our own
 * code loses is still seen; finding the place takes whole stacks.
 */
const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:fy_atom_iter_chunk_next\n";
}

const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0";
}
