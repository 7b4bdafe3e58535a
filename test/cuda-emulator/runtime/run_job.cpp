// Runs a job under each of its schedules, compares the outputs and prints the report.
#include <cstdio>
#include <cstring>
#include <fstream>
#include "job.hpp"
#include "source_site.hpp"

namespace cuemu {

void start_timeout(unsigned seconds);

namespace {

struct Failure {
  std::string kind, message, schedule, kernel;
};

struct ScheduleRun {
  std::string name;
  Report totals;
  std::vector<std::vector<unsigned char>> outputs;  // in the job's order of output buffers
};

struct Outcome {
  std::vector<Failure> failures;
  std::vector<ScheduleRun> runs;
};

const KernelEntry& find_kernel(const std::vector<KernelEntry>& kernels, const std::string& name) {
  for (const KernelEntry& k : kernels)
    if (k.name == name) return k;
  throw std::runtime_error("this program has no kernel named " + name);
}

void check_arguments(const KernelEntry& kernel, const JobLaunch& launch) {
  const auto& expected = kernel.parameters;
  if (expected.size() != launch.arguments.size())
    throw std::runtime_error(format("%s takes %zu arguments, the job gives %zu", kernel.name.c_str(), expected.size(),
                                    launch.arguments.size()));
  for (size_t i = 0; i < expected.size(); i++) {
    const JobArgument& given = launch.arguments[i];
    if (expected[i].is_pointer != given.is_pointer)
      throw std::runtime_error(format("argument %zu of %s must be %s", i, kernel.name.c_str(),
                                      expected[i].is_pointer ? "a buffer" : "bytes"));
    if (!given.is_pointer && given.bytes.size() != expected[i].bytes)
      throw std::runtime_error(format("argument %zu of %s has %zu bytes, the job gives %zu", i, kernel.name.c_str(),
                                      expected[i].bytes, given.bytes.size()));
  }
}

std::vector<char*> make_buffers(const Job& job, const std::vector<unsigned char>& data) {
  device_free_all();
  std::vector<char*> pointers;
  for (const JobBuffer& b : job.buffers) {
    char* p = device_allocate(b.bytes, b.name, b.contents == Contents::Undefined);
    if (b.contents == Contents::Fill) std::memset(p, b.fill, b.bytes);
    if (b.contents == Contents::Data) {
      if (b.data_offset > data.size() || b.bytes > data.size() - b.data_offset)
        throw std::runtime_error("the data file ends before the contents of " + b.name);
      if (b.bytes) std::memcpy(p, data.data() + b.data_offset, b.bytes);
    }
    pointers.push_back(p);
  }
  return pointers;
}

ScheduleRun run_schedule(const Job& job, const Schedule& schedule, const std::vector<KernelEntry>& kernels,
                         const std::vector<unsigned char>& data, std::vector<Failure>& failures) {
  ScheduleRun run{schedule.name, {}, {}};
  const std::vector<char*> pointers = make_buffers(job, data);
  for (const JobLaunch& l : job.launches) {
    LaunchConfig config{l.grid, l.block, l.dynamic_shared, schedule, job.check, job.threads, job.stack_bytes};
    std::vector<Argument> arguments;
    for (const JobArgument& a : l.arguments) {
      arguments.push_back({a.buffer < 0 ? nullptr : pointers[a.buffer] + a.offset, a.bytes, a.is_pointer});
      if (!a.is_tensor_map) continue;
      const char* base = pointers[a.buffer];
      std::memcpy(arguments.back().bytes.data() + offsetof(TensorMap, base), &base, sizeof base);
    }
    const Report report = launch(config, find_kernel(kernels, l.kernel).bind(arguments));
    for (const Error& e : report.errors) failures.push_back({e.kind, e.message, schedule.name, l.kernel});
    run.totals += report;
    if (report.aborted) return run;
  }
  for (size_t i = 0; i < job.buffers.size(); i++)
    if (job.buffers[i].output) run.outputs.emplace_back(pointers[i], pointers[i] + job.buffers[i].bytes);
  return run;
}

void compare_runs(const Job& job, const ScheduleRun& first, const ScheduleRun& other, std::vector<Failure>& failures) {
  if (first.totals.aborted || other.totals.aborted) return;
  size_t k = 0;
  for (const JobBuffer& b : job.buffers) {
    if (!b.output) continue;
    const auto &x = first.outputs[k], &y = other.outputs[k];
    k++;
    if (b.unordered || x == y) continue;
    size_t at = 0;
    while (x[at] == y[at]) at++;
    failures.push_back({"schedule-dependence",
                        format("%s differs from byte %zu on between the schedules %s and %s", b.name.c_str(), at,
                               first.name.c_str(), other.name.c_str()), other.name, ""});
  }
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) out += format("\\u%04x", static_cast<unsigned>(c));
    else out += c;
  }
  return out + "\"";
}

std::string counters(const Report& r) {
  auto n = [](uint64_t v) { return std::to_string(v); };
  return "\"ms\":" + format("%.3f", r.ms) + ",\"switches\":" + n(r.switches) + ",\"barriers\":" + n(r.barriers) +
         ",\"warpOps\":" + n(r.warp_ops) + ",\"accesses\":" + n(r.accesses) + ",\"ldmatrixPhases\":" +
         n(r.ldmatrix_phases) + ",\"ldmatrixConflicts\":" + n(r.ldmatrix_conflicts);
}

void print_report(const Job& job, const Outcome& outcome) {
  Report total;
  std::string errors, schedules, outputs;
  for (const Failure& f : outcome.failures)
    errors += (errors.empty() ? "" : ",") + ("{\"kind\":" + quoted(f.kind)) + ",\"message\":" + quoted(f.message) +
              ",\"schedule\":" + quoted(f.schedule) + ",\"kernel\":" + quoted(f.kernel) + "}";
  for (const ScheduleRun& r : outcome.runs) {
    total += r.totals;
    schedules += (schedules.empty() ? "" : ",") + ("{\"name\":" + quoted(r.name)) +
                 ",\"completed\":" + (r.totals.aborted ? "false," : "true,") + counters(r.totals) + "}";
  }
  size_t offset = 0;
  for (const JobBuffer& b : job.buffers) {
    if (!b.output) continue;
    outputs += (outputs.empty() ? "" : ",") + ("{\"name\":" + quoted(b.name)) + ",\"offset\":" + std::to_string(offset) +
               ",\"bytes\":" + std::to_string(b.bytes) + "}";
    offset += b.bytes;
  }
  const bool check = instrumented() && job.check;
  printf("{\"ok\":%s,\"mode\":\"%s\",\"errors\":[%s],%s,\"schedules\":[%s],\"outputs\":[%s]}\n",
         outcome.failures.empty() ? "true" : "false", check ? "check" : "fast", errors.c_str(), counters(total).c_str(),
         schedules.c_str(), outputs.c_str());
}

// The outputs of the first schedule that finished, back to back.
void write_result(const Job& job, const Outcome& outcome) {
  if (job.result_path.empty()) return;
  std::ofstream file(job.result_path, std::ios::binary);
  for (const ScheduleRun& run : outcome.runs) {
    if (run.totals.aborted) continue;
    for (const auto& bytes : run.outputs) file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    break;
  }
  if (!file.flush()) throw std::runtime_error("cannot write " + job.result_path);
}

}  // namespace

int run_job(int argc, char** argv, const std::vector<KernelEntry>& kernels) {
  Job job;
  Outcome outcome;
  try {
    if (argc != 2) throw std::runtime_error("usage: PROGRAM JOB_FILE");
    job = read_job(argv[1]);
    if (job.require_check && !instrumented())
      throw std::runtime_error("the job asks for checks but the kernel was not compiled with -fsanitize=thread");
    for (const JobLaunch& l : job.launches) check_arguments(find_kernel(kernels, l.kernel), l);
    const std::vector<unsigned char> data = job.data_path.empty() ? std::vector<unsigned char>() : read_bytes(job.data_path);
    start_timeout(job.timeout);
    for (const Schedule& s : job.schedules) {
      outcome.runs.push_back(run_schedule(job, s, kernels, data, outcome.failures));
      compare_runs(job, outcome.runs.front(), outcome.runs.back(), outcome.failures);
    }
    write_result(job, outcome);
  } catch (const std::exception& e) {
    outcome.failures.push_back({"job", e.what(), "", ""});
  }
  print_report(job, outcome);
  return outcome.failures.empty() ? 0 : 1;
}

}  // namespace cuemu
