using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelHub.Infrastructure.Migrations
{
    /// <inheritdoc />
    public partial class ModelExports : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "model_exports",
                columns: table => new
                {
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    artifact_sha256 = table.Column<string>(type: "character varying(64)", nullable: false),
                    size_bytes = table.Column<long>(type: "bigint", nullable: false),
                    largest_difference = table.Column<double>(type: "double precision", nullable: false),
                    rows = table.Column<int>(type: "integer", nullable: false),
                    on_validation = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_model_exports", x => x.model_id);
                    table.ForeignKey(
                        name: "FK_model_exports_artifacts_artifact_sha256",
                        column: x => x.artifact_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_model_exports_models_model_id",
                        column: x => x.model_id,
                        principalTable: "models",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_model_exports_artifact_sha256",
                table: "model_exports",
                column: "artifact_sha256");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "model_exports");
        }
    }
}
