#include "cli/man_page.h"

#include <gtest/gtest.h>

namespace kerf::cli {
namespace {

TEST(TroffText, ShowsTextUnchanged) {
  EXPECT_EQ(troff_text("--a \\ \"b\""), "\\-\\-a \\e \\(dqb\\(dq");
  EXPECT_EQ(troff_text(".hidden"), "\\&.hidden");
  EXPECT_EQ(troff_text("'quoted'"), "\\&'quoted'");
}

TEST(ManPage, HasTheProgramAndEveryCommand) {
  HelpPage program;
  program.name = "kerf";
  program.summary = "cuts";
  program.usage = "kerf COMMAND";
  program.sections = {{"Exit status", {{"0", "done"}}, ""}};
  HelpPage command;
  command.name = "kerf cut";
  command.usage = "kerf cut MODEL";
  command.summary = "cut things";
  command.sections = {{"Options", {{"--size N", "how much"}}, ""}};
  command.examples = {{"kerf cut MODEL", "a cut"}};
  EXPECT_EQ(man_page(program, {command}, "1.2.3"),
            ".TH KERF 1 \"\" \"kerf 1.2.3\" \"User Commands\"\n"
            ".SH NAME\nkerf \\- cuts\n"
            ".SH SYNOPSIS\n.B kerf COMMAND\n.SH DESCRIPTION\n"
            ".SH EXIT STATUS\n.TP\n.B 0\ndone\n"
            ".SH COMMANDS IN DETAIL\n"
            ".SS kerf cut\n.nf\n.B kerf cut MODEL\n.fi\n.PP\ncut things.\n"
            ".PP\n.I Options\n.TP\n.B \\-\\-size N\nhow much\n"
            ".PP\na cut:\n.PP\n.nf\n.RS\nkerf cut MODEL\n.RE\n.fi\n");
}

}  // namespace
}  // namespace kerf::cli
