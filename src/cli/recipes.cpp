#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/console.h"
#include "report/table.h"

namespace kerf::cli {
namespace {

int run(const CLI::Option* name) {
  if (const auto asked = value_of(name)) {
    print(recipe_text(*asked));
    return 0;
  }
  report::Table table;
  table.column("recipe").column("what it is");
  for (const Named& recipe : recipes()) table.row({recipe.name, recipe.summary});
  print(table.text());
  return 0;
}

std::function<int()> define(CLI::App& app) {
  const CLI::Option* name = add_positional(app, "NAME", "a recipe to print", false);
  return [name] { return run(name); };
}

}  // namespace

const Command& recipes_command() {
  static const Command command{
      .name = "recipes",
      .summary = "list the recipes that have a name, or print one",
      .usage = "[NAME]",
      .description =
          "A recipe is a list of rules in YAML: for weights of a role, of some layers or with a name that matches, "
          "what "
          "is stored and how codes are chosen. The first rule that matches decides.\n\n"
          "What is printed can be changed, saved and given to --recipe. Keys of a rule: role (one, or a list; linear "
          "stands for all matrices inside the blocks), layers (\"0-3,7\", or by the model's depth: \"first 1/8, from "
          "7/8, every 3 from 1/8+2\"), name (a pattern with * and ?), model ({experts: 8, heads_per_kv_head: \">=4\", "
          "layers: 80, tied_head: true}), calibrated (true: the method looks at data); scheme with or without method, "
          "or keep: true. Beside the rules, fallback: true lets a block that does not divide the rows of a weight give "
          "way to a narrower one.",
      .lists = {{"Roles of tensors", roles}},
      .examples = {{"kerf recipes q4_k_m", "the rules of one"},
                   {"kerf quantize MODEL -o model.gguf --recipe q4_k_m --dry-run", "what they come to for a model"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
