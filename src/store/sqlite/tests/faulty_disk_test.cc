#include "store/sqlite/tests/faulty_disk_test.h"

#include <new>

namespace vf::store::sqlite {

/// SQLite allocates one for each open file; the real file follows it in the same block.
struct FaultyDisk::File {
  sqlite3_file base;
  FaultyDisk* disk;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
};

struct FaultyDisk::Methods {
  static int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
  static int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    const int code = File::of(file).disk->read_code_;
    return code != SQLITE_OK ? code : real(file)->pMethods->xRead(real(file), to, size, at);
  }
  static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    const int code = File::of(file).disk->write_code_;
    return code != SQLITE_OK ? code : real(file)->pMethods->xWrite(real(file), from, size, at);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    return real(file)->pMethods->xTruncate(real(file), size);
  }
  static int sync(sqlite3_file* file, int flags) {
    const int code = File::of(file).disk->sync_code_;
    return code != SQLITE_OK ? code : real(file)->pMethods->xSync(real(file), flags);
  }
  static int size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
  static int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
  static int unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
  static int reserved(sqlite3_file* file, int* out) {
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
  }
  static int control(sqlite3_file* file, int operation, void* argument) {
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
  }
  static int sector(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
  static int traits(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
  static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
  }
  static void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
  static int shm_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto* disk = static_cast<FaultyDisk*>(vfs->pAppData);
    File& opened = *new (file) File{{nullptr}, disk};
    const int code = disk->real_->xOpen(disk->real_, name, opened.real(), flags, out);
    if (code == SQLITE_OK) opened.base.pMethods = &kMethods;
    return code;
  }

  static sqlite3_file* real(sqlite3_file* file) { return File::of(file).real(); }
  static const sqlite3_io_methods kMethods;
};

const sqlite3_io_methods FaultyDisk::Methods::kMethods = {
    2,       close,  read,   write,   truncate, sync,        size,      lock,    unlock, reserved,
    control, sector, traits, shm_map, shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};

FaultyDisk::FaultyDisk() : real_(sqlite3_vfs_find(nullptr)), shim_(*real_) {
  shim_.zName = "faulty-disk";
  shim_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  shim_.pAppData = this;
  shim_.xOpen = Methods::open;
  sqlite3_vfs_register(&shim_, 1);
}

FaultyDisk::~FaultyDisk() { sqlite3_vfs_unregister(&shim_); }

}  // namespace vf::store::sqlite
