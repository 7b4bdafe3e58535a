// Runs a job file on an NVIDIA GPU: the same files and the same report as the CPU emulator's programs.
// Usage: PROGRAM JOB_FILE [REPEATS]; of several timed repeats the median is reported.
#pragma once
#include <cuda.h>
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace attn_gpu {

struct Entry {
  const char* name;
  const void* function;
};
struct Buffer {
  std::string name;
  size_t bytes = 0, data_offset = 0;
  bool data = false, output = false;
  int fill = 0xff;
  char* base = nullptr;  // start of the allocation; the contents start kGuard bytes later
};
// What the driver makes a tensor map of: a contiguous tensor of 16-bit elements, innermost dimension first.
struct TensorMap {
  std::vector<cuuint64_t> extents, strides;
  std::vector<cuuint32_t> box;
};
struct Argument {
  bool pointer = false;
  TensorMap map;  // of the tensor that the argument names, if it has dimensions
  void* address = nullptr;
  std::vector<unsigned char> bytes;
};
struct Launch {
  std::string kernel;
  const void* function = nullptr;
  unsigned grid = 1, block = 1;
  size_t shared = 0;
  std::vector<Argument> arguments;
};
struct Job {
  std::string data_path, result_path;
  std::vector<Buffer> buffers;
  std::vector<Launch> launches;
};
struct Failure : std::runtime_error {
  std::string kind;
  Failure(const std::string& kind, const std::string& message) : std::runtime_error(message), kind(kind) {}
};

constexpr size_t kGuard = 256;
constexpr unsigned char kGuardByte = 0xfd;

inline void check(cudaError_t status, const std::string& what) {
  if (status == cudaSuccess) return;
  const bool absent = status == cudaErrorNoDevice || status == cudaErrorInsufficientDriver;
  throw Failure(absent ? "no-device" : "cuda", what + ": " + cudaGetErrorString(status));
}

inline std::vector<unsigned char> from_hex(const std::string& text) {
  std::vector<unsigned char> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<unsigned char>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

// The 128 bytes by which copies of tiles find a tensor. 16-bit elements are moved as they are, whatever their format.
inline std::vector<unsigned char> encode(const TensorMap& map, void* base, const std::string& name) {
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result;
  check(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result), "tensor map");
  if (result != cudaDriverEntryPointSuccess) throw Failure("cuda", "the driver makes no tensor maps");
  CUtensorMap made = {};
  const std::vector<cuuint32_t> steps(map.extents.size(), 1);
  const bool empty = std::find(map.extents.begin(), map.extents.end(), 0) != map.extents.end();
  if (!empty && reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(found)(
          &made, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, static_cast<cuuint32_t>(map.extents.size()), base, map.extents.data(),
          map.strides.data(), map.box.data(), steps.data(), CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
          CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) != CUDA_SUCCESS)
    throw Failure("cuda", "the driver makes no tensor map of " + name);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&made);
  return {bytes, bytes + sizeof made};
}

// Allocates with guards on both sides and gives the buffer its first contents.
inline void allocate(Buffer& b, const std::vector<char>& data) {
  check(cudaMalloc(reinterpret_cast<void**>(&b.base), b.bytes + 2 * kGuard), "memory for " + b.name);
  check(cudaMemset(b.base, kGuardByte, b.bytes + 2 * kGuard), b.name);
  if (b.bytes == 0) return;
  check(cudaMemset(b.base + kGuard, b.fill, b.bytes), b.name);
  if (!b.data) return;
  if (b.data_offset > data.size() || b.bytes > data.size() - b.data_offset)
    throw Failure("job", "the data file ends before the contents of " + b.name);
  check(cudaMemcpy(b.base + kGuard, data.data() + b.data_offset, b.bytes, cudaMemcpyHostToDevice), b.name);
}

inline void check_guards(const Buffer& b) {
  unsigned char guard[2][kGuard];
  check(cudaMemcpy(guard[0], b.base, kGuard, cudaMemcpyDeviceToHost), b.name);
  check(cudaMemcpy(guard[1], b.base + kGuard + b.bytes, kGuard, cudaMemcpyDeviceToHost), b.name);
  for (const auto& side : guard)
    for (const unsigned char byte : side)
      if (byte != kGuardByte) throw Failure("out-of-bounds", "a kernel wrote outside of " + b.name);
}

inline std::vector<char> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure("job", "cannot read " + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Reader {
 public:
  Reader(const Entry* kernels, size_t count) : kernels_(kernels), count_(count) {}

  Job read(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw Failure("job", "cannot read " + path);
    for (std::string line; std::getline(file, line);) statement(line);
    // Memory exists from here on, so that arguments can name it.
    const std::vector<char> data = job_.data_path.empty() ? std::vector<char>() : read_file(job_.data_path);
    for (Buffer& b : job_.buffers) allocate(b, data);
    for (auto& [launch, argument, name] : named_) {
      const auto found = std::find_if(job_.buffers.begin(), job_.buffers.end(),
                                      [n = name](const Buffer& b) { return b.name == n; });
      if (found == job_.buffers.end()) throw Failure("job", "no buffer named " + name);
      Argument& a = job_.launches[launch].arguments[argument];
      a.address = found->base + kGuard;
      if (!a.map.extents.empty()) a.bytes = encode(a.map, a.address, name);
    }
    return job_;
  }

 private:
  struct Named {
    size_t launch, argument;
    std::string name;
  };

  void statement(const std::string& line) {
    std::istringstream words(line);
    std::string keyword, word;
    if (!(words >> keyword)) return;
    if (keyword == "data") words >> job_.data_path;
    if (keyword == "result") words >> job_.result_path;
    if (keyword == "buffer") {
      Buffer b;
      words >> b.name >> b.bytes;
      while (words >> word) {
        if (word == "data") { b.data = true; words >> b.data_offset; }
        if (word == "fill") words >> b.fill;
        if (word == "out") b.output = true;
      }
      job_.buffers.push_back(b);
    }
    if (keyword == "launch") {
      Launch l;
      unsigned y, z;
      words >> l.kernel;
      while (words >> word) {
        if (word == "grid") words >> l.grid >> y >> z;
        if (word == "block") words >> l.block >> y >> z;
        if (word == "shared") words >> l.shared;
      }
      for (size_t i = 0; i < count_; i++)
        if (l.kernel == kernels_[i].name) l.function = kernels_[i].function;
      if (l.function == nullptr) throw Failure("job", "this program has no kernel named " + l.kernel);
      job_.launches.push_back(l);
    }
    if (keyword == "arg") argument(words);
  }

  void argument(std::istringstream& words) {
    std::string kind, text;
    words >> kind >> text;
    Argument a;
    a.pointer = kind == "buffer";
    const bool map = kind == "tensormap";
    if (map) a.map = tensor_map(words);
    if (!a.pointer && !map) a.bytes = from_hex(text);
    std::vector<Argument>& arguments = job_.launches.back().arguments;
    if (a.pointer || map) named_.push_back({job_.launches.size() - 1, arguments.size(), text});
    arguments.push_back(a);
  }

  TensorMap tensor_map(std::istringstream& words) {
    unsigned element = 0, swizzle = 0, rank = 0;
    if (!(words >> element >> swizzle >> rank) || element != 2 || swizzle != 128 || rank < 1 || rank > 5)
      throw Failure("job", "a tensor map has 16-bit elements, a 128-byte swizzle and 1 to 5 dimensions");
    TensorMap map;
    map.extents.resize(rank);
    map.strides.resize(rank);  // one more than is used, so that its data is never null
    map.box.resize(rank);
    for (cuuint64_t& e : map.extents) words >> e;
    for (unsigned i = 0; i + 1 < rank; i++) words >> map.strides[i];
    for (cuuint32_t& b : map.box) words >> b;
    return map;
  }

  const Entry* kernels_;
  size_t count_;
  Job job_;
  std::vector<Named> named_;
};

inline void enqueue(Launch& l) {
  std::vector<void*> pointers;
  for (Argument& a : l.arguments)
    pointers.push_back(a.pointer ? static_cast<void*>(&a.address) : static_cast<void*>(a.bytes.data()));
  if (l.shared > 48 * 1024)
    check(cudaFuncSetAttribute(l.function, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(l.shared)),
          l.kernel);
  check(cudaLaunchKernel(l.function, dim3(l.grid), dim3(l.block), pointers.data(), l.shared, nullptr), l.kernel);
}

// Median of the times of `repeats` runs, in milliseconds.
inline float timed(Job& job, int repeats) {
  cudaEvent_t start, stop;
  check(cudaEventCreate(&start), "event");
  check(cudaEventCreate(&stop), "event");
  std::vector<float> times;
  for (int n = 0; n < repeats; n++) {
    float ms = 0;
    check(cudaEventRecord(start), "event");
    for (Launch& l : job.launches) enqueue(l);
    check(cudaEventRecord(stop), "event");
    check(cudaEventSynchronize(stop), "run");
    check(cudaEventElapsedTime(&ms, start, stop), "event");
    times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// The list of outputs in the report.
inline std::string write_outputs(const Job& job) {
  std::ofstream file(job.result_path, std::ios::binary);
  std::string list;
  size_t offset = 0;
  for (const Buffer& b : job.buffers) {
    if (!b.output) continue;
    std::vector<char> bytes(b.bytes);
    if (b.bytes > 0) check(cudaMemcpy(bytes.data(), b.base + kGuard, b.bytes, cudaMemcpyDeviceToHost), b.name);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    list += (list.empty() ? "" : ",") + ("{\"name\":\"" + b.name) + "\",\"offset\":" + std::to_string(offset) +
            ",\"bytes\":" + std::to_string(b.bytes) + "}";
    offset += b.bytes;
  }
  if (!file.flush()) throw Failure("job", "cannot write " + job.result_path);
  return list;
}

inline std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

inline int run_job(int argc, char** argv, const Entry* kernels, size_t count) {
  std::string errors, outputs, device;
  float ms = 0;
  try {
    if (argc < 2) throw Failure("job", "usage: PROGRAM JOB_FILE [REPEATS]");
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, 0), "no usable GPU");
    device = properties.name;
    Job job = Reader(kernels, count).read(argv[1]);
    ms = timed(job, argc > 2 ? std::max(1, std::stoi(argv[2])) : 1);
    for (const Buffer& b : job.buffers) check_guards(b);
    outputs = write_outputs(job);
  } catch (const Failure& f) {
    errors = "{\"kind\":" + quoted(f.kind) + ",\"message\":" + quoted(f.what()) + "}";
  } catch (const std::exception& e) {
    errors = "{\"kind\":\"job\",\"message\":" + quoted(e.what()) + "}";
  }
  printf("{\"ok\":%s,\"device\":%s,\"errors\":[%s],\"ms\":%.6f,\"outputs\":[%s]}\n", errors.empty() ? "true" : "false",
         quoted(device).c_str(), errors.c_str(), static_cast<double>(ms), outputs.c_str());
  return errors.empty() ? 0 : 1;
}

}  // namespace attn_gpu
