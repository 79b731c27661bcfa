// Catalogs as HDF5: the bytes say which datasets there are, of which types and shapes and with which values,
// and what is asked for. The library's own format is not what is tried here.
#include <algorithm>
#include <cstring>

#include "catalog/h5.hpp"
#include "input.hpp"

namespace {

using fuzz::Input;
using starling::h5::Handle;

constexpr const char* kNames[] = {"x",       "sigma",  "weight", "id",  "samples", "offsets",
                                  "p",       "trials", "mask",   "t",   "g/x",     "g/columns",
                                  "columns", "names",  "a:b",    "t.x", "x:0",     "x.1"};
constexpr const char* kMembers[] = {"x", "sigma", "id", "mask", "a:b", "x:0"};

Handle copy(hid_t type) {
  return {H5Tcopy(type), H5Tclose};
}

Handle text_type(std::size_t size) {
  Handle type = copy(H5T_C_S1);
  H5Tset_size(type.id(), size);
  return type;
}

Handle truth_type() {
  Handle type(H5Tenum_create(H5T_NATIVE_INT8), H5Tclose);
  for (const char* name : {"FALSE", "TRUE"}) {
    const signed char value = name[0] == 'T';
    H5Tenum_insert(type.id(), name, &value);
  }
  return type;
}

Handle simple_type(Input& in) {
  switch (in.below(16)) {
    case 0:
    case 1:
      return copy(H5T_NATIVE_DOUBLE);
    case 2:
      return copy(H5T_NATIVE_FLOAT);
    case 3:
      return copy(H5T_NATIVE_INT32);
    case 4:
      return copy(H5T_NATIVE_UINT64);
    case 5:
      return copy(H5T_STD_I64BE);
    case 6:
      return copy(H5T_NATIVE_INT8);
    case 7:
      return copy(H5T_IEEE_F32BE);
    case 8:
      return truth_type();
    case 9: {
      Handle type = text_type(1 + in.below(8));
      H5Tset_strpad(type.id(), in.one_of({H5T_STR_NULLTERM, H5T_STR_NULLPAD, H5T_STR_SPACEPAD}));
      return type;
    }
    case 10:
      return text_type(starling::h5::variable_length);
    case 11:
      return {H5Tcreate(H5T_OPAQUE, 1 + in.below(8)), H5Tclose};
    case 12:
      return copy(H5T_NATIVE_B16);
    case 13:
      return copy(H5T_NATIVE_LDOUBLE);
    case 14:
      return copy(H5T_STD_REF_OBJ);
    default:
      return copy(H5T_NATIVE_INT64);
  }
}

Handle array_of(const Handle& type, Input& in) {
  hsize_t sizes[3] = {1 + in.below(3), 1 + in.below(3), 1 + in.below(3)};
  return {H5Tarray_create2(type.id(), static_cast<unsigned>(1 + in.below(3)), sizes), H5Tclose};
}

Handle table_type(Input& in) {
  Handle type(H5Tcreate(H5T_COMPOUND, 1024), H5Tclose);
  std::size_t at = 0;
  for (std::size_t members = 1 + in.below(4); members > 0; --members) {
    const char* name = in.one_of(kMembers);
    Handle single = simple_type(in);
    const Handle member = in.below(4) == 3 ? array_of(single, in) : std::move(single);
    if (H5Tinsert(type.id(), name, at, member.id()) >= 0) at += H5Tget_size(member.id());
  }
  H5Tset_size(type.id(), std::max<std::size_t>(at, 1));
  return type;
}

Handle any_type(Input& in) {
  switch (in.below(8)) {
    case 5:
      return table_type(in);
    case 6:
      return array_of(simple_type(in), in);
    case 7:
      return {H5Tvlen_create(H5T_NATIVE_DOUBLE), H5Tclose};
    default:
      return simple_type(in);
  }
}

/// Few rows, so that sizes often agree; now and then very many, which are never written.
Handle any_space(Input& in, bool& huge) {
  constexpr hsize_t kRows[] = {3, 3, 3, 4, 2, 1, 0, 12, 200'000, hsize_t{1} << 40, hsize_t{1} << 62};
  constexpr std::size_t kRanks[] = {1, 1, 1, 2, 2, 3, 4, 0};
  const std::size_t rank = in.one_of(kRanks);
  if (rank == 0) return {H5Screate(in.below(2) == 0 ? H5S_SCALAR : H5S_NULL), H5Sclose};
  hsize_t sizes[4], most[4];
  for (std::size_t d = 0; d < rank; ++d) {
    sizes[d] = in.one_of(kRows);
    most[d] = std::max<hsize_t>(sizes[d], 1);
    huge = huge || sizes[d] > 12;
  }
  return {H5Screate_simple(static_cast<int>(rank), sizes, most), H5Sclose};
}

/// Bytes for the values of any type that holds no pointers; small integers and plain numbers among them.
std::string values(Input& in, hid_t type, std::size_t count) {
  std::string bytes(H5Tget_size(type) * count, '\0');
  const int way = in.byte() % 4;
  if (way == 0 && H5Tequal(type, H5T_NATIVE_DOUBLE) > 0) {
    for (std::size_t i = 0; i < count; ++i) {
      const double value = 0.5 + static_cast<double>(i) + in.byte();
      std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
    }
    return bytes;
  }
  if (way == 1) {  // ascending integers, as offsets are
    const std::size_t size = H5Tget_size(type);
    unsigned char sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      bytes[i * size] = static_cast<char>(sum);
      sum = static_cast<unsigned char>(sum + in.byte());
    }
    return bytes;
  }
  for (char& c : bytes) c = static_cast<char>(in.byte());
  return bytes;
}

template <class Write>
void write_values(Input& in, hid_t type, std::size_t count, Write&& write) {
  if (H5Tis_variable_str(type) > 0) {
    std::vector<std::string> texts(count);
    std::vector<const char*> pointers;
    for (std::string& text : texts) text = in.text(6);
    for (const std::string& text : texts) pointers.push_back(text.size() == 6 ? nullptr : text.c_str());
    write(pointers.data());
  } else if (H5Tget_class(type) == H5T_VLEN) {
    double numbers[4] = {1, 2, 3, in.number()};
    std::vector<hvl_t> rows(count);
    for (hvl_t& row : rows) row = {in.below(5), numbers};
    write(rows.data());
  } else if (H5Tdetect_class(type, H5T_STRING) <= 0 || H5Tget_class(type) == H5T_STRING ||
             H5Tdetect_class(type, H5T_VLEN) <= 0) {
    write(values(in, type, count).data());
  }
}

/// Whether values are texts of variable length within something else: they are left unwritten.
bool holds_pointers_inside(hid_t type) {
  return H5Tget_class(type) != H5T_STRING && H5Tget_class(type) != H5T_VLEN &&
         (H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tdetect_class(type, H5T_REFERENCE) > 0 ||
          H5Tdetect_class(type, H5T_STRING) > 0);
}

void add_attribute(Input& in, hid_t dataset) {
  constexpr const char* kAttributes[] = {"columns", "column_names", "names"};
  const Handle type =
      in.below(4) == 3 ? simple_type(in) : text_type(in.below(2) == 0 ? 4 : starling::h5::variable_length);
  bool huge = false;
  const Handle space = any_space(in, huge);
  if (huge || holds_pointers_inside(type.id())) return;
  const Handle attribute(
      H5Acreate2(dataset, in.one_of(kAttributes), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const auto count =
      static_cast<std::size_t>(std::max<hssize_t>(H5Sget_simple_extent_npoints(space.id()), 0));
  if (attribute.valid() && count < 1000)
    write_values(in, type.id(), count, [&](const void* from) { H5Awrite(attribute.id(), type.id(), from); });
}

void add_dataset(Input& in, hid_t file) {
  const char* name = in.one_of(kNames);
  const Handle type = any_type(in);
  bool huge = false;
  const Handle space = any_space(in, huge);
  const Handle how(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.id(), 1);
  const int rank = H5Sget_simple_extent_ndims(space.id());
  if (rank > 0 && (huge || in.below(4) == 3)) {
    const hsize_t chunk[4] = {2, 2, 2, 2};
    H5Pset_chunk(how.id(), rank, chunk);
    if (in.below(2) == 1) H5Pset_deflate(how.id(), 1);
  }
  const Handle dataset(H5Dcreate2(file, name, type.id(), space.id(), links.id(), how.id(), H5P_DEFAULT),
                       H5Dclose);
  if (!dataset.valid()) return;
  const auto count =
      static_cast<std::size_t>(std::max<hssize_t>(H5Sget_simple_extent_npoints(space.id()), 0));
  if (!huge && count < 1000 && in.below(8) != 7 && !holds_pointers_inside(type.id()))
    write_values(in, type.id(), count, [&](const void* from) {
      H5Dwrite(dataset.id(), type.id(), starling::h5::whole_dataset, starling::h5::whole_dataset, H5P_DEFAULT,
               from);
    });
  if (in.below(4) == 3) add_attribute(in, dataset.id());
}

std::string a_name(Input& in) {
  constexpr const char* kAfter[] = {"", "", "", "", ":0", ":1", ":x", ".sigma", ":x:0", ":id", ":a", ":-1"};
  const std::size_t which = in.below(std::size(kNames) + 2);
  if (which == std::size(kNames)) return in.text(12);
  if (which == std::size(kNames) + 1) return "";
  return std::string(kNames[which]) + in.one_of(kAfter);
}

starling::CatalogOptions any_options(Input& in) {
  constexpr const char* kPriors[] = {"", "p", "normal(0, 1)", "uniform(0, 1)", "uniform(0", "g/x"};
  starling::CatalogOptions options;
  const std::size_t what = in.byte();
  if (what & 1) options.x = a_name(in);
  if (what & 2) options.samples = what & 4 ? a_name(in) : "samples";
  if (what & 8) options.offsets = what & 4 ? a_name(in) : "offsets";
  if (what & 16) options.interim_prior = in.one_of(kPriors);
  if (what & 32) options.mask = what & 4 ? a_name(in) : "mask";
  if (what & 64) options.table = what & 4 ? a_name(in) : "t";
  if (what & 128) {
    options.sigma = a_name(in);
    options.weight = a_name(in);
    options.id = a_name(in);
    options.columns["trials"] = a_name(in);
  }
  options.drop_bad_rows = what % 3 == 1;
  options.optional_columns = {"trials", "t"};
  return options;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const starling::h5::Quiet quiet;
  Input in(data, size);
  const auto options = any_options(in);
  const auto path = fuzz::folder() / "catalog.h5";
  {
    const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    for (std::size_t sets = 0; sets < 6 && !in.empty(); ++sets) add_dataset(in, file.id());
  }
  fuzz::read([&] { fuzz::require_whole(starling::read_hdf5(path, options)); });
  return 0;
}
