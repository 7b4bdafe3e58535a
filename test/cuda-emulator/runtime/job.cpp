#include "job.hpp"
#include <fstream>
#include <iterator>
#include <sstream>
#include "source_site.hpp"

namespace cuemu {

namespace {

class Parser {
 public:
  explicit Parser(const std::string& path) : path_(path), file_(path) {
    if (!file_) throw std::runtime_error("cannot read " + path);
  }

  Job parse() {
    std::string line;
    while (std::getline(file_, line)) {
      number_++;
      words_ = std::istringstream(line);
      std::string keyword;
      if (!(words_ >> keyword) || keyword[0] == '#') continue;
      statement(keyword);
      if (std::string extra; words_ >> extra) complain("unexpected \"" + extra + "\"");
    }
    if (!versioned_) complain("the first line must be: cuemu-job 1");
    if (job_.schedules.empty())
      for (const char* name : {"forward", "reverse", "random"}) job_.schedules.push_back(schedule(name));
    return std::move(job_);
  }

 private:
  [[noreturn]] void complain(const std::string& problem) {
    throw std::runtime_error(path_ + ":" + std::to_string(number_) + ": " + problem);
  }
  std::string word(const char* what) {
    std::string text;
    if (!(words_ >> text)) complain(std::string("missing ") + what);
    return text;
  }
  size_t number(const char* what) {
    const std::string text = word(what);
    if (text.find_first_not_of("0123456789") != std::string::npos || text.size() > 18)
      complain(std::string(what) + " is not a number: " + text);
    return std::stoull(text);
  }
  dim3 extent() {
    const size_t x = number("x"), y = number("y"), z = number("z");
    if (x > 0x7fffffff || y > 65535 || z > 65535) complain("extent out of range");
    return dim3(static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z));
  }
  std::string beside_job(const std::string& path) {
    const size_t slash = path_.rfind('/');
    return path[0] == '/' || slash == std::string::npos ? path : path_.substr(0, slash + 1) + path;
  }

  Schedule schedule(const std::string& text) {
    const size_t colon = text.find(':');
    const std::string kind = text.substr(0, colon);
    Schedule s;
    s.name = text;
    // The second order also lets copies land early: the two ends of what hardware may do.
    if (kind == "reverse") { s.order = Order::Reverse; s.eager_copies = true; }
    else if (kind == "random") s.order = Order::Random;
    else if (kind != "forward") complain("unknown schedule " + text);
    if (colon != std::string::npos) s.seed = std::strtoull(text.c_str() + colon + 1, nullptr, 10);
    return s;
  }

  void statement(const std::string& keyword) {
    if (keyword == "cuemu-job") {
      if (number("version") != 1) complain("this emulator reads version 1");
      versioned_ = true;
    } else if (keyword == "data") {
      job_.data_path = beside_job(word("path"));
    } else if (keyword == "result") {
      job_.result_path = beside_job(word("path"));
    } else if (keyword == "schedules") {
      for (std::string text; words_ >> text;) job_.schedules.push_back(schedule(text));
    } else if (keyword == "threads") {
      job_.threads = static_cast<int>(number("threads"));
    } else if (keyword == "stack") {
      job_.stack_bytes = number("bytes");
    } else if (keyword == "timeout") {
      job_.timeout = static_cast<unsigned>(number("seconds"));
    } else if (keyword == "check") {
      const std::string value = word("on, off or auto");
      if (value != "on" && value != "off" && value != "auto") complain("check is on, off or auto");
      job_.check = value != "off";
      job_.require_check = value == "on";
    } else if (keyword == "buffer") {
      buffer();
    } else if (keyword == "launch") {
      launch();
    } else if (keyword == "arg") {
      argument();
    } else {
      complain("unknown statement " + keyword);
    }
  }

  void buffer() {
    JobBuffer b;
    b.name = word("name");
    b.bytes = number("bytes");
    for (std::string option; words_ >> option;) {
      if (option == "data") { b.contents = Contents::Data; b.data_offset = number("offset"); }
      else if (option == "fill") { b.contents = Contents::Fill; b.fill = static_cast<unsigned char>(number("byte")); }
      else if (option == "undefined") b.contents = Contents::Undefined;
      else if (option == "out") b.output = true;
      else if (option == "unordered") b.unordered = true;
      else complain("unknown buffer option " + option);
    }
    job_.buffers.push_back(std::move(b));
  }

  void launch() {
    JobLaunch l;
    l.kernel = word("kernel");
    for (std::string option; words_ >> option;) {
      if (option == "grid") l.grid = extent();
      else if (option == "block") l.block = extent();
      else if (option == "shared") l.dynamic_shared = number("bytes");
      else complain("unknown launch option " + option);
    }
    job_.launches.push_back(std::move(l));
  }

  void argument() {
    if (job_.launches.empty()) complain("an argument needs a launch before it");
    JobArgument a;
    const std::string kind = word("buffer, tensormap, null or bytes");
    if (kind == "buffer") {
      a.buffer = buffer_named(word("name"));
      a.is_pointer = true;
      if (std::string plus; words_ >> plus) {
        if (plus != "+") complain("expected: arg buffer NAME + OFFSET");
        a.offset = number("offset");
      }
    } else if (kind == "tensormap") {
      tensor_map(a);
    } else if (kind == "null") {
      a.is_pointer = true;
    } else if (kind == "bytes") {
      a.bytes = from_hex(word("hexadecimal digits"));
    } else {
      complain("an argument is buffer, tensormap, null or bytes");
    }
    job_.launches.back().arguments.push_back(std::move(a));
  }

  int buffer_named(const std::string& name) {
    for (size_t i = 0; i < job_.buffers.size(); i++)
      if (job_.buffers[i].name == name) return static_cast<int>(i);
    complain("no buffer named " + name);
  }

  void tensor_map(JobArgument& a) {
    TensorMap map{};
    a.buffer = buffer_named(word("name"));
    auto field = [&](const char* what, size_t most) {
      const size_t value = number(what);
      if (value > most) complain(std::string(what) + " of a tensor map is too large");
      return static_cast<uint32_t>(value);
    };
    map.element_bytes = field("element size", 8);
    map.swizzle_bytes = field("swizzle", 128);
    map.rank = field("rank", 5);
    if (map.rank == 0) complain("a tensor map has 1 to 5 dimensions");
    for (uint32_t i = 0; i < map.rank; i++) map.extent[i] = field("extent", UINT32_MAX);
    for (uint32_t i = 0; i + 1 < map.rank; i++) {
      map.stride[i] = number("stride");
      if (map.stride[i] % 16) complain("a stride of a tensor map is no multiple of 16 bytes");
    }
    for (uint32_t i = 0; i < map.rank; i++) map.box[i] = field("box", 256);
    uint64_t last = map.extent[0] * map.element_bytes;
    for (uint32_t i = 1; i < map.rank; i++) last += map.extent[i] == 0 ? 0 : (map.extent[i] - 1) * map.stride[i - 1];
    bool empty = false;
    for (uint32_t i = 0; i < map.rank; i++) empty |= map.extent[i] == 0;
    if (!empty && last > job_.buffers[a.buffer].bytes) complain("a tensor map reaches past its buffer");
    const auto* bytes = reinterpret_cast<const unsigned char*>(&map);
    a.bytes.assign(bytes, bytes + sizeof map);
    a.is_tensor_map = true;
  }

  std::vector<unsigned char> from_hex(const std::string& text) {
    if (text.size() % 2 || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      complain("not hexadecimal bytes: " + text);
    std::vector<unsigned char> bytes;
    for (size_t i = 0; i < text.size(); i += 2)
      bytes.push_back(static_cast<unsigned char>(std::stoul(text.substr(i, 2), nullptr, 16)));
    return bytes;
  }

  std::string path_;
  std::ifstream file_;
  std::istringstream words_;
  Job job_;
  int number_ = 0;
  bool versioned_ = false;
};

}  // namespace

Job read_job(const std::string& path) { return Parser(path).parse(); }

std::vector<unsigned char> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace cuemu
