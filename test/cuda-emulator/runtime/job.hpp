// The job file: buffers, launches and how to run them. The format is described in ../README.md.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>
#include "../include/harness.hpp"

namespace cuemu {

enum class Contents : uint8_t { Data, Fill, Undefined };

struct JobBuffer {
  std::string name;
  size_t bytes = 0;
  Contents contents = Contents::Fill;
  size_t data_offset = 0;
  unsigned char fill = 0xff;
  bool output = false, unordered = false;
};

struct JobArgument {
  int buffer = -1;  // index, or -1: null pointer or plain bytes
  size_t offset = 0;
  bool is_pointer = false;
  std::vector<unsigned char> bytes;
  bool is_tensor_map = false;  // `bytes` are one whose base is set once buffers have addresses
};

struct JobLaunch {
  std::string kernel;
  dim3 grid, block;
  size_t dynamic_shared = 0;
  std::vector<JobArgument> arguments;
};

struct Job {
  std::string data_path, result_path;
  std::vector<Schedule> schedules;
  int threads = 1;
  size_t stack_bytes = 128 << 10;
  unsigned timeout = 0;
  bool check = true, require_check = false;
  std::vector<JobBuffer> buffers;
  std::vector<JobLaunch> launches;
};

// Both throw std::runtime_error with a message for the user.
Job read_job(const std::string& path);
std::vector<unsigned char> read_bytes(const std::string& path);

}  // namespace cuemu
