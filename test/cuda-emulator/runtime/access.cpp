// Bounds, races and uninitialised reads, for every access of instrumented kernel code and for those
// that helpers make on its behalf.
#include <algorithm>
#include "block_runner.hpp"

extern "C" char __executable_start, _end;  // from the linker

namespace cuemu {

namespace {
const char* verb(AccessKind kind) {
  return kind == AccessKind::Read ? "read" : kind == AccessKind::Write ? "write" : "atomic update";
}
bool writes(const Access& a) { return a.kind != AccessKind::Read; }
}  // namespace

void BlockRunner::access(Access&& access) {
  const char* p = access.address;
  report_.accesses++;
  if (p >= stacks_ && p < stacks_ + stack_bytes_ * threads_) return;
  if (check_ && !access.async) access.stamp = clocks_.now(access.thread);
  if (check_shared(access)) return;

  Buffer* buffer = last_buffer_;
  if (!buffer || p < buffer->begin || p >= buffer->end) buffer = last_buffer_ = device_memory().nearest(p);
  if (buffer) { check_global(access, *buffer); return; }

  // Reads elsewhere are constants and the launch's own arguments.
  if (!writes(access)) return;
  const bool program = p >= &__executable_start && p < &_end;
  fatal("out-of-bounds", thread_name() + (program ? ": write to constant data" : format(": wild write to %p", p)) +
                             " at " + describe(access.site));
}

std::string BlockRunner::name_address(const char* p) {
  if (shared_.in_dynamic(p)) return format("attn_smem+%zu", static_cast<size_t>(p - shared_.dynamic()));
  if (const StaticArray* a = shared_.in_thread_locals(p) ? shared_.static_array(p) : nullptr)
    return format("%s+%zu", a->name.c_str(), static_cast<size_t>(p - a->begin));
  if (const Buffer* b = device_memory().nearest(p))
    return format("byte %ld of %s, which has %zu", static_cast<long>(p - b->begin), b->name.c_str(),
                  static_cast<size_t>(b->end - b->begin));
  return format("%p", p);
}

bool BlockRunner::check_shared(Access& access) {
  const char* p = access.address;
  if (shared_.in_dynamic(p)) {
    const size_t offset = static_cast<size_t>(p - shared_.dynamic());
    if (offset + access.size > shared_.dynamic_bytes())
      fatal("out-of-bounds", format("%s: %zu-byte %s at attn_smem+%zu, past the launch's %zu bytes, at %s",
                                    thread_name().c_str(), access.size, verb(access.kind), offset,
                                    shared_.dynamic_bytes(), describe(access.site).c_str()));
    if (check_) check_cells(shared_.dynamic_shadow(), offset, access, "attn_smem", true);
    return true;
  }
  if (!shared_.in_thread_locals(p)) return false;
  StaticArray* array = shared_.static_array(p);
  if (!array) {
    if (writes(access))
      fatal("out-of-bounds", thread_name() + ": write between __shared__ arrays at " + describe(access.site));
    return true;
  }
  const size_t offset = static_cast<size_t>(p - array->begin);
  if (offset + access.size > array->bytes)
    fatal("out-of-bounds", format("%s: %zu-byte %s crosses the end of __shared__ %s at %s", thread_name().c_str(),
                                  access.size, verb(access.kind), array->name.c_str(), describe(access.site).c_str()));
  if (check_) {
    if (!array->shadow) array->shadow = std::make_unique<Shadow>(array->bytes);
    check_cells(*array->shadow, offset, access, array->name.c_str(), true);
  }
  return true;
}

void BlockRunner::check_global(Access& access, Buffer& buffer) {
  const char* p = access.address;
  if (p < buffer.begin || p + access.size > buffer.end) {
    fatal("out-of-bounds", format("%s: %zu-byte %s at %s, at %s", thread_name().c_str(), access.size,
                                  verb(access.kind), name_address(p).c_str(), describe(access.site).c_str()));
  }
  if (!check_) return;
  const size_t offset = static_cast<size_t>(p - buffer.begin);
  if (!buffer.written.empty()) check_written(buffer, offset, access);
  if (!buffer.shadow) buffer.shadow = std::make_unique<Shadow>(buffer.end - buffer.begin);
  check_cells(*buffer.shadow, offset, access, buffer.name.c_str(), false);
}

void BlockRunner::check_written(Buffer& buffer, size_t offset, const Access& access) {
  for (size_t byte = offset; byte < offset + access.size; byte++) {
    if (access.kind == AccessKind::Write) buffer.written[byte] = true;
    else if (!buffer.written[byte] && first_report(access.site, nullptr, 5))
      error("uninitialised", format("%s reads byte %zu of %s, which nothing has written, at %s", thread_name().c_str(),
                                    byte, buffer.name.c_str(), describe(access.site).c_str()));
  }
}

void BlockRunner::check_cells(Shadow& shadow, size_t offset, const Access& access, const char* name, bool shared) {
  const int thread = access.thread;
  const bool writing = writes(access), atomic = access.kind == AccessKind::Atomic;
  const Mark mark{access.stamp, access.site};
  shadow.align_cells(offset, access.size);
  const size_t cell_bytes = shadow.cell_bytes();
  const size_t end = (offset + access.size) / cell_bytes;

  for (size_t i = offset / cell_bytes; i < end; i++) {
    Cell& cell = shadow[i];
    if (cell.block != block_id_) {
      if (cell.block && !shared) {
        // Nothing orders two blocks, except that atomic updates may meet.
        const bool conflict = (cell.write.stamp.clock && !(atomic && cell.write_atomic)) ||
                              (writing && cell.read[0].stamp.clock);
        const Site other = cell.write.stamp.clock ? cell.write.site : cell.read[0].site;
        if (conflict && first_report(access.site, other, 2))
          error("race", format("blocks %u and %u both use %s+%zu and one writes: %s at %s, earlier access at %s",
                               cell.block - 1, block_id_ - 1, name, i * cell_bytes, verb(access.kind),
                               describe(access.site).c_str(), describe(other).c_str()));
        if (cell.read[0].stamp.clock) cell.earlier_block = cell.block;
      }
      shadow.clear_readers(cell);
      cell.write = {};
      cell.write_atomic = cell.initialised = false;
      cell.block = block_id_;
    } else if (!writing && (cell.read[0].stamp == access.stamp || cell.read[1].stamp == access.stamp)) {
      continue;  // nothing has changed since this thread's last read
    }

    auto report = [&](const char* what, const Mark& other) {
      if (!first_report(access.site, other.site, 1)) return;
      error("race", in_block(format("%s race on %s+%zu: thread %d%s at %s, thread %d%s at %s", what, name,
                                    i * cell_bytes, thread, access.async ? " (async copy)" : "",
                                    describe(access.site).c_str(), clocks_.thread_of(other.stamp),
                                    clocks_.is_async(other.stamp) ? " (async copy)" : "",
                                    describe(other.site).c_str())));
    };
    if (shared && !cell.initialised && access.kind != AccessKind::Write && first_report(access.site, nullptr, 3))
      error("uninitialised", in_block(format("thread %d reads %s+%zu, which this block has not written, at %s",
                                             thread, name, i * cell_bytes, describe(access.site).c_str())));
    if (cell.write.stamp.clock && !(atomic && cell.write_atomic) && !clocks_.ordered(thread, cell.write.stamp))
      report(writing ? "write/write" : "read after write", cell.write);

    if (!writing) {
      shadow.add_reader(cell, mark, clocks_, thread);
      continue;
    }
    if (const Mark* reader = shadow.unordered_reader(cell, clocks_, thread)) report("write after read", *reader);
    if (cell.earlier_block && first_report(access.site, nullptr, 4))
      error("race", format("block %u writes %s+%zu, which block %u read, at %s", block_id_ - 1, name, i * cell_bytes,
                           cell.earlier_block - 1, describe(access.site).c_str()));
    shadow.clear_readers(cell);
    cell.write = mark;
    cell.write_atomic = atomic;
    cell.initialised = true;
  }
}

}  // namespace cuemu
