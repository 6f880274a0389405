#include "formats/onnx/export/export_graph.h"

namespace kerf::formats::onnx {

proto::ModelProto export_graph(const ExportModel& model) {
  proto::ModelProto result;
  result.set_ir_version(kExportIrVersion);
  result.set_producer_name("kerf");
  auto* opset = result.add_opset_import();
  opset->set_domain("");
  opset->set_version(kExportOpset);
  result.mutable_graph()->set_name(model.description->family);
  Exporter(model, *result.mutable_graph()).run();
  return result;
}

}  // namespace kerf::formats::onnx
