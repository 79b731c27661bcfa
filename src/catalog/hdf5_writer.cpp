/// Writing catalogs as HDF5 files.
#include <fmt/format.h>

#include <span>
#include <string>
#include <vector>

#include "catalog/files.hpp"
#include "catalog/h5.hpp"
#include "catalog/rows.hpp"
#include "starling/catalog.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

using h5::Handle;

class Writer {
 public:
  explicit Writer(const std::filesystem::path& path)
      : path_(path), file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose) {
    check(file_.valid());
  }

  void put(const char* name, const std::vector<hsize_t>& shape, hid_t file_type, hid_t memory_type,
           const void* data) {
    const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
    const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_obj_track_times(properties.id(), false);  // equal catalogs are equal files
    const Handle dataset(
        H5Dcreate2(file_.id(), name, file_type, space.id(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
        H5Dclose);
    check(dataset.valid());
    check(H5Dwrite(dataset.id(), memory_type, h5::whole_dataset, h5::whole_dataset, H5P_DEFAULT, data) >= 0);
  }

  void put(const char* name, std::span<const double> values) {
    if (!values.empty()) put(name, {values.size()}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
  }

  void put(const char* name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.id(), h5::variable_length);
    H5Tset_cset(type.id(), H5T_CSET_UTF8);
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    put(name, {texts.size()}, type.id(), type.id(), pointers.data());
  }

  void close() { check(file_.close()); }

 private:
  void check(bool good) const {
    if (!good) throw RunError(fmt::format("{}: cannot be written: is the disk full?", path_.string()));
  }

  const std::filesystem::path& path_;
  Handle file_;
};

void put_samples(Writer& writer, const Catalog& catalog) {
  const std::size_t n = catalog.size(), d = catalog.sample_size, all = catalog.samples.size() / d;
  const bool rectangular = all_have_as_many_samples(catalog);
  const std::vector<hsize_t> shape =
      rectangular ? std::vector<hsize_t>{n, all / n} : std::vector<hsize_t>{all};
  auto of_components = shape;
  if (d > 1) of_components.push_back(d);
  writer.put("samples", of_components, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, catalog.samples.data());
  if (!rectangular) {
    writer.put("offsets", {n + 1}, H5T_STD_U64LE, H5T_NATIVE_UINT64, catalog.offsets.data());
  }
  if (catalog.log_interim.empty()) return;
  const auto density = interim_densities(catalog);
  writer.put("interim_prior", shape, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, density.data());
}

}  // namespace

void write_hdf5(const std::filesystem::path& path, const Catalog& catalog, const std::vector<double>& truth) {
  const h5::Quiet quiet;
  Writer writer(path);
  writer.put("x", catalog.x);
  if (catalog.sigma.size() == 1) {
    writer.put("sigma", std::vector<double>(catalog.size(), catalog.sigma[0]));
  } else {
    writer.put("sigma", catalog.sigma);
  }
  writer.put("weight", catalog.weight);
  writer.put("id", catalog.id);
  for (const auto& [role, values] : catalog.columns) writer.put(role.c_str(), values);
  for (const auto& [role, values] : catalog.arrays)
    writer.put(role.c_str(), {catalog.size(), values.size() / catalog.size()}, H5T_IEEE_F64LE,
               H5T_NATIVE_DOUBLE, values.data());
  writer.put("mu", truth);
  if (catalog.has_samples()) put_samples(writer, catalog);
  writer.close();
}

}  // namespace starling
