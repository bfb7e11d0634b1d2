using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelHub.Infrastructure.Migrations
{
    /// <inheritdoc />
    public partial class CustomModelTests : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "custom_model_tests",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    dataset_version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    job_id = table.Column<Guid>(type: "uuid", nullable: false),
                    image_id = table.Column<Guid>(type: "uuid", nullable: false),
                    runtime = table.Column<string>(type: "jsonb", nullable: false),
                    modes = table.Column<string>(type: "jsonb", nullable: false),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    results = table.Column<string>(type: "jsonb", nullable: false),
                    log = table.Column<string>(type: "text", nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    completed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_tests", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_model_tests_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_custom_model_tests_dataset_versions_dataset_version_id",
                        column: x => x.dataset_version_id,
                        principalTable: "dataset_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_tests_dataset_version_id",
                table: "custom_model_tests",
                column: "dataset_version_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_tests_image_id",
                table: "custom_model_tests",
                column: "image_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_tests_job_id",
                table: "custom_model_tests",
                column: "job_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_tests_version_id_created_at",
                table: "custom_model_tests",
                columns: new[] { "version_id", "created_at" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "custom_model_tests");
        }
    }
}
