#include "COpenVINO.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

const char *cov_open(const char *path, cov_functions *functions) {
  static char missing[256];
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return dlerror();
// Through memory, as C does not convert a pointer to data into one to a function.
#define COV_FIND(result, name, parameters)                                                         \
  {                                                                                                \
    void *found = dlsym(library, #name);                                                           \
    if (found == NULL) {                                                                           \
      snprintf(missing, sizeof missing, "it has no %s", #name);                                    \
      return missing;                                                                              \
    }                                                                                              \
    memcpy(&functions->name, &found, sizeof found);                                                \
  }
  COV_FUNCTIONS(COV_FIND)
  COV_VARIADIC_FUNCTIONS(COV_FIND)
#undef COV_FIND
  return NULL;
}

cov_status cov_read_whole_files(const cov_functions *functions, const ov_core_t *core) {
  // Without a device it is for all.
  return functions->ov_core_set_property(core, "", "ENABLE_MMAP", "NO");
}

cov_status cov_compile(const cov_functions *functions, const ov_core_t *core,
                       const ov_model_t *model, cov_settings settings,
                       ov_compiled_model_t **compiled) {
  // The number is that of all strings that follow.
  return functions->ov_core_compile_model(
      core, model, "CPU", 10, compiled, "PERFORMANCE_HINT", "LATENCY", "NUM_STREAMS", "1",
      "INFERENCE_NUM_THREADS", settings.threads, "INFERENCE_PRECISION_HINT", settings.precision,
      "ENABLE_CPU_PINNING", "NO");
}
