// What is known about each cell of checked memory: last writer and readers since.
#pragma once
#include <sys/mman.h>
#include <cstddef>
#include <cstdint>
#include <vector>
#include "clocks.hpp"
#include "source_site.hpp"

namespace cuemu {

enum class AccessKind : uint8_t { Read, Write, Atomic };

struct Access {
  const char* address;
  size_t size;
  AccessKind kind;
  Site site;
  int thread;
  bool async = false;  // made by the copy engine on behalf of `thread`
  Stamp stamp = {};    // filled in when races are checked
};

// A cell starts this wide, and all of an array's cells are halved when an access covers one in part: marks
// stay exact for single bytes, and memory of wider elements costs no more than it must.
constexpr size_t kWidestCell = 4;

struct Mark {
  Stamp stamp;
  Site site;
};

// All-zero is the state of memory that nobody has touched. One cache line.
struct alignas(64) Cell {
  uint32_t block;          // 1 + number of the block that these marks belong to
  uint32_t earlier_block;  // 1 + number of some other block that read this cell
  Mark write;
  Mark read[2];            // by two threads, when there are two
  uint32_t more_readers;   // 1 + index of the list of further readers
  bool write_atomic, initialised;
};

class Shadow {
 public:
  explicit Shadow(size_t bytes) : cells_((bytes + kWidestCell - 1) / kWidestCell), data_(map(cells_)) {}
  ~Shadow() { munmap(data_, cells_ * sizeof(Cell)); }
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;

  Cell& operator[](size_t i) { return data_[i]; }
  size_t cell_bytes() const { return cell_bytes_; }
  // Afterwards the bytes are whole cells.
  void align_cells(size_t offset, size_t size) {
    while ((offset | size) & (cell_bytes_ - 1)) halve_cells();
  }

  // A reader that is not ordered before `thread`, or nullptr.
  const Mark* unordered_reader(const Cell& cell, const BlockClocks& clocks, int thread) const;
  void add_reader(Cell& cell, Mark mark, const BlockClocks& clocks, int thread) {
    // A reader ordered before this one can be forgotten: whoever is ordered after this one is
    // ordered after it too.
    for (Mark& known : cell.read) {
      if (known.stamp.clock && !clocks.ordered(thread, known.stamp)) continue;
      known = mark;
      return;
    }
    // While barriers are block-wide a write is unordered with every other thread's read of the same
    // interval, so two readers always include one that conflicts.
    if (BlockClocks::narrow_synchronisation()) add_to_list(cell, mark, clocks, thread);
  }
  void clear_readers(Cell& cell);

 private:
  struct Readers {
    std::vector<Mark> marks;
    size_t compact_at = 8;
  };
  void add_to_list(Cell& cell, Mark mark, const BlockClocks& clocks, int thread);
  void halve_cells();
  // Zero pages appear on first touch, so a large buffer costs only what the kernel reaches.
  static Cell* map(size_t cells) {
    return static_cast<Cell*>(mmap(nullptr, cells * sizeof(Cell), PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  }

  size_t cell_bytes_ = kWidestCell;
  size_t cells_;
  Cell* data_;
  std::vector<Readers> lists_;
  std::vector<uint32_t> free_lists_;
};

}  // namespace cuemu
