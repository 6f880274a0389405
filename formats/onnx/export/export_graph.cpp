#include "formats/onnx/export/export_graph.h"

namespace kerf::formats::onnx {

ExportedGraph export_graph(const ExportModel& model) {
  ExportedGraph exported;
  proto::ModelProto& result = exported.model;
  result.set_ir_version(kExportIrVersion);
  result.set_producer_name("kerf");
  auto* opset = result.add_opset_import();
  opset->set_domain("");
  opset->set_version(kExportOpset);
  result.mutable_graph()->set_name(model.description->family);
  Exporter exporter(model, result);
  exporter.run();
  exported.codes = exporter.held();
  return exported;
}

}  // namespace kerf::formats::onnx
