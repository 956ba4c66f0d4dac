#include "providers/nixops/specification/nixops_specification.hpp"

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/process/nix_evaluation.hpp"
#include "io/text/hash.hpp"
#include "io/text/json.hpp"
#include "providers/nixops/specification/ingredients.hpp"
#include "providers/nixops/specification/named_files.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

constexpr const char* slot_argument = "text argument slot";

// With `-I`, the entries of the environment's NIX_PATH, or else of Nix's own, are in builtins.nixPath too.
constexpr const char* evaluation = R"(
{ file, type, tag }:
let
  expression = import (/. + file);
  isFunction = builtins.isFunction expression;
  takesSlot = isFunction && builtins.functionArgs expression ? slot;
  given = { inherit type tag; } // (if takesSlot then { slot = 0; } else { });
  network = if isFunction then expression given else expression;
in
builtins.seq (network.machine or null) {
  inherit takesSlot;
  searchPath = map (entry: [ entry.prefix entry.path ]) builtins.nixPath;
}
)";

// All that counts, once Nix has evaluated it.
io::Task<Expected<Ingredients>> ingredients_of(NixopsSpecification specification) {
  const std::string& expression = specification.settings.expression;
  auto arguments = search_path_arguments(search_path_of(specification));
  arguments.insert(arguments.end(), {"--argstr", "file", expression, "--argstr", "type", specification.type, "--argstr",
                                     "tag", specification.tag.text});
  auto evaluated = co_await io::evaluate_nix(evaluation, std::move(arguments));
  if (!evaluated) co_return std::unexpected(within(expression, evaluated.error()));
  const auto json = io::parse_json(evaluated->json);
  if (!json) co_return std::unexpected(within(expression, json.error()));
  const auto search_path = read_search_path(json->at("searchPath"), search_path_of(specification).size());
  if (!search_path) co_return std::unexpected(within("Nix's search path", search_path.error()));
  evaluated->files.push_back(expression);
  auto ingredients = co_await named_files({.expression = expression,
                                           .evaluated = std::move(evaluated->files),
                                           .search_path = *search_path,
                                           .own_modules = OwnModules(specification.own_modules)});
  if (!ingredients) co_return ingredients;
  ingredients->insert(
      {"text expression " + expression, "text type " + specification.type, "text tag " + specification.tag.text});
  if (json->at("takesSlot").get<bool>()) ingredients->insert(slot_argument);
  for (std::size_t i = 0; const std::string& entry : specification.settings.nix_path) {
    ingredients->insert(fmt::format("text nixPath {} {}", i++, entry));
  }
  co_return ingredients;
}

std::string question_of(const NixopsSpecification& specification) {
  io::Json question = {"3",
                       specification.settings.expression,
                       specification.settings.nix_path,
                       specification.type,
                       specification.tag.text,
                       specification.own_modules};
  for (const char* name : {"NIX_PATH", "HOME"}) {
    const char* value = std::getenv(name);
    question.push_back(value == nullptr ? io::Json() : io::Json(value));
  }
  return io::content_hash(io::compact(question));
}

}  // namespace

std::vector<std::string> search_path_of(const NixopsSpecification& specification) {
  std::vector<std::string> entries = specification.settings.nix_path;
  entries.push_back("hydra-provisioner=" + specification.own_modules);
  return entries;
}

std::vector<std::string> search_path_arguments(const std::vector<std::string>& entries) {
  std::vector<std::string> arguments;
  for (const std::string& entry : entries) {
    arguments.emplace_back("-I");
    arguments.push_back(entry);
  }
  return arguments;
}

bool takes_slot(const Recipe& recipe) { return recipe.ingredients.contains(slot_argument); }

// A specification that has changed is evaluated until nothing changes meanwhile: what has this hash was evaluated.
io::Task<Expected<Recipe>> recipe_of(NixopsSpecification specification, std::string memory) {
  const std::string& expression = specification.settings.expression;
  std::error_code ignored;
  if (!std::filesystem::exists(expression, ignored)) co_return failure(expression + ": no such file");
  const OwnModules own_modules(specification.own_modules);
  const std::string file =
      fmt::format("{}/{}.json", memory, io::content_hash(fmt::format("{}\n{}", specification.tag, specification.type)));
  Recipe recipe = remembered(file).value_or(Recipe());
  const bool is_known = recipe.question == question_of(specification);
  if (is_known && hash_of(recipe.ingredients, own_modules) == recipe.hash) co_return recipe;

  recipe.question = question_of(specification);
  for (int attempt = 0; attempt < 4; ++attempt) {
    recipe.hash = hash_of(recipe.ingredients, own_modules);
    auto ingredients = co_await ingredients_of(specification);
    if (!ingredients) co_return std::unexpected(ingredients.error());
    const bool is_settled = *ingredients == recipe.ingredients && hash_of(*ingredients, own_modules) == recipe.hash;
    recipe.ingredients = *std::move(ingredients);
    if (!is_settled) continue;
    remember(file, recipe);
    co_return recipe;
  }
  co_return failure(expression + ": keeps changing while Nix reads it");
}

}  // namespace hydra_provisioner::providers::nixops
