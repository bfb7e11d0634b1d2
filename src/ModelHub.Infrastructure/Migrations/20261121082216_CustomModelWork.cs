using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelHub.Infrastructure.Migrations
{
    /// <inheritdoc />
    public partial class CustomModelWork : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "custom_model_conversions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    item_id = table.Column<Guid>(type: "uuid", nullable: false),
                    job_id = table.Column<Guid>(type: "uuid", nullable: false),
                    should_stop = table.Column<bool>(type: "boolean", nullable: false),
                    succeeded = table.Column<bool>(type: "boolean", nullable: true),
                    log = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_conversions", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_model_conversions_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_insights",
                columns: table => new
                {
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    content = table.Column<string>(type: "jsonb", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_insights", x => new { x.version_id, x.kind });
                    table.ForeignKey(
                        name: "FK_custom_model_insights_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "dependency_builds",
                columns: table => new
                {
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    job_id = table.Column<Guid>(type: "uuid", nullable: false),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    log = table.Column<string>(type: "text", nullable: false),
                    packages_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_dependency_builds", x => x.version_id);
                    table.ForeignKey(
                        name: "FK_dependency_builds_artifacts_packages_sha256",
                        column: x => x.packages_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_dependency_builds_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_conversion_outputs",
                columns: table => new
                {
                    conversion_id = table.Column<Guid>(type: "uuid", nullable: false),
                    path = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    size = table.Column<long>(type: "bigint", nullable: false),
                    columns = table.Column<string>(type: "jsonb", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_conversion_outputs", x => new { x.conversion_id, x.path });
                    table.ForeignKey(
                        name: "FK_custom_model_conversion_outputs_artifacts_sha256",
                        column: x => x.sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_custom_model_conversion_outputs_custom_model_conversions_co~",
                        column: x => x.conversion_id,
                        principalTable: "custom_model_conversions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_conversion_outputs_sha256",
                table: "custom_model_conversion_outputs",
                column: "sha256");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_conversions_job_id",
                table: "custom_model_conversions",
                column: "job_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_conversions_version_id_created_at",
                table: "custom_model_conversions",
                columns: new[] { "version_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_dependency_builds_job_id",
                table: "dependency_builds",
                column: "job_id");

            migrationBuilder.CreateIndex(
                name: "IX_dependency_builds_packages_sha256",
                table: "dependency_builds",
                column: "packages_sha256");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "custom_model_conversion_outputs");

            migrationBuilder.DropTable(
                name: "custom_model_insights");

            migrationBuilder.DropTable(
                name: "dependency_builds");

            migrationBuilder.DropTable(
                name: "custom_model_conversions");
        }
    }
}
